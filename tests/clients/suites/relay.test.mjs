// Relay's compiler, unchanged, on schema.graphql.
import assert from "node:assert/strict";
import { cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { folder, schemaPath, tool } from "../support/schema.mjs";

describe("Relay", () => {
  test("pagination, refetching by node, a mutation and a subscription compile", async () => {
    const out = `${folder}out/relay`;
    await rm(out, { recursive: true, force: true });
    await mkdir(`${out}/src`, { recursive: true });
    await cp(`${folder}relay/app.js`, `${out}/src/app.js`);
    await cp(schemaPath, `${out}/schema.graphql`);
    const config = {
      src: "./src",
      schema: "./schema.graphql",
      language: "javascript",
      eagerEsModules: true,
      customScalarTypes: { DateTime: "string", SafeInt: "number", JSON: "mixed" },
      excludes: ["**/__generated__/**"],
    };
    await writeFile(`${out}/relay.config.json`, JSON.stringify(config));
    await tool("relay-compiler", ["relay.config.json"], { cwd: out });

    const artefacts = await readdir(`${out}/src/__generated__`);
    const refetch = await readFile(`${out}/src/__generated__/appCardRefetchQuery.graphql.js`, "utf8");
    assert.match(refetch, /node\(id: \$id\)/);
    assert.equal(artefacts.length, 7, artefacts.join());
  });
});
