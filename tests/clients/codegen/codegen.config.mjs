import { schemaPath } from "../support/schema.mjs";

/** What the documentation of the client preset recommends, strictest where it offers a choice. */
export default {
  schema: schemaPath,
  documents: ["codegen/operations.ts"],
  generates: {
    "out/gql/": {
      preset: "client",
      config: {
        useTypeImports: true,
        enumsAsTypes: true,
        strictScalars: true,
        scalars: {
          DateTime: { input: "string", output: "string" },
          SafeInt: { input: "number", output: "number" },
          JSON: { input: "unknown", output: "unknown" },
          Secret: { input: "string", output: "never" },
        },
      },
    },
  },
};
