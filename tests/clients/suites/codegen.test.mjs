// graphql-codegen's client preset and the TypeScript compiler, on schema.graphql.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { describe, test } from "node:test";
import { folder, tool } from "../support/schema.mjs";

describe("graphql-codegen", () => {
  test("a front end's operations generate and type-check strictly", async () => {
    await rm(`${folder}out/gql`, { recursive: true, force: true });
    await tool("graphql-codegen", ["--config", "codegen/codegen.config.mjs"]);
    await tool("tsc", ["--project", "codegen/tsconfig.json"]);
    const types = readFileSync(`${folder}out/gql/graphql.ts`, "utf8");
    assert.match(types, /export type CreateAgentInput = /);
    assert.doesNotMatch(types, /: any\b/, "a scalar without a type");
  });
});
