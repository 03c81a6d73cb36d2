// graphql-eslint: the recommended and the Relay rules find nothing on schema.graphql.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { describe, test } from "node:test";
import { ESLint } from "eslint";
import { buildSchema, getNamedType, parse, validate } from "graphql";
import { dirname } from "node:path";
import { exempt, unlisted } from "../eslint.config.mjs";
import { folder, schemaPath } from "../support/schema.mjs";

const schema = buildSchema(readFileSync(schemaPath, "utf8"));

describe("schema.graphql", () => {
  test("graphql-eslint finds nothing", async () => {
    // A file outside the working folder would be passed over in silence.
    const eslint = new ESLint({ cwd: dirname(schemaPath), overrideConfigFile: `${folder}eslint.config.mjs` });
    const [result] = await eslint.lintFiles([schemaPath]);
    const findings = result.messages.map(({ line, ruleId, message }) => `${line}: ${ruleId}: ${message}`);
    assert.deepEqual(findings, []);
  });

  test("the rules bite", async () => {
    const eslint = new ESLint({ cwd: dirname(schemaPath), overrideConfigFile: `${folder}eslint.config.mjs` });
    const [{ messages }] = await eslint.lintText("type lower { things: [String] }", { filePath: "broken.graphql" });
    const rules = new Set(messages.map(({ ruleId }) => ruleId?.replace("@graphql-eslint/", "")));
    for (const rule of ["naming-convention", "require-description", "strict-id-in-types"]) {
      assert.ok(rules.has(rule), `${rule} is silent: ${[...rules]}`);
    }
  });

  test("no type with an identity is exempt from having an id", () => {
    const node = schema.getType("Node");
    const identified = schema.getPossibleTypes(node).map(({ name }) => name);
    assert.deepEqual(identified.filter((name) => exempt.includes(name)), []);
  });

  test("an edge leads to a node", () => {
    const edges = Object.values(schema.getTypeMap()).filter(({ name }) => name.endsWith("Edge"));
    const ends = edges.map((edge) => getNamedType(edge.getFields().node.type));
    const others = ends.filter((type) => !schema.isSubType(schema.getType("Node"), type)).map(({ name }) => name);
    assert.deepEqual(others, unlisted);
  });

  test("the tabs of GraphiQL's first visit are valid", () => {
    const tour = `${folder}../../crates/server/graphiql/src/tour/`;
    for (const file of readdirSync(tour)) {
      const errors = validate(schema, parse(readFileSync(tour + file, "utf8")));
      assert.deepEqual(errors.map(String), [], file);
    }
  });
});
