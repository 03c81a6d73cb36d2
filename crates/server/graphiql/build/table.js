// Writes the Rust table of the files in dist/: path, content type, entity tag and bytes.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { extname } from "node:path";

const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".ttf": "font/ttf",
  ".txt": "text/plain; charset=utf-8",
};

const [dist, target] = process.argv.slice(2);
const files = readdirSync(dist, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => `${entry.parentPath}/${entry.name}`.slice(dist.length + 1))
  .sort();

const rows = files.map((file) => {
  const type = TYPES[extname(file)];
  if (!type) throw new Error(`no content type for ${file}`);
  const tag = createHash("sha256").update(readFileSync(`${dist}/${file}`)).digest("hex").slice(0, 16);
  return `    Asset {
        path: "/${file}",
        content_type: "${type}",
        etag: "\\"${tag}\\"",
        bytes: include_bytes!("../../graphiql/dist/${file}"),
    },`;
});

writeFileSync(
  target,
  `//! The files of the \`GraphiQL\` page. Written by \`crates/server/graphiql/build.sh\`; not by hand.

use super::Asset;

/// Every file of the page, by path.
pub(super) static ASSETS: &[Asset] = &[
${rows.join("\n")}
];
`,
);
