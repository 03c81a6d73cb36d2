// A Vite plugin: remembers which npm packages the bundle drew on, and writes their licences.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";

const LICENSE_FILE = /^(licen[cs]e|copying|notice|thirdpartynotices)(\.|$|-)/i;

function packageOf(id) {
  const file = id.split("?")[0].replace(/^\0/, "");
  if (!file.includes("/node_modules/")) return undefined;
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    // Some packages keep nameless manifests in sub-folders, only to say `"type"`.
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).version) return folder;
  }
  return undefined;
}

function notice(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  if (!license) throw new Error(`${name}@${version} states no licence`);
  const texts = readdirSync(folder)
    .filter((file) => LICENSE_FILE.test(file))
    .sort()
    .map((file) => readFileSync(join(folder, file), "utf8").trim());
  return [`${name} ${version} (${license})`, ...texts].join("\n\n");
}

export function licenses(folders = new Set()) {
  const collect = {
    name: "agentry-licenses-collect",
    transform(_code, id) {
      const folder = packageOf(id);
      if (folder) folders.add(folder);
      return null;
    },
  };
  const write = {
    name: "agentry-licenses-write",
    generateBundle() {
      const rule = `\n\n${"=".repeat(80)}\n\n`;
      const source = `${[...folders].map(notice).sort().join(rule)}\n`;
      this.emitFile({ type: "asset", fileName: "THIRD_PARTY_LICENSES.txt", source });
    },
  };
  return { collect, write };
}
