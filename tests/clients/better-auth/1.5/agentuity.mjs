// Agentuity Auth 2.0.21: better-auth 1.5.2 with its own settings, and its own schema through Drizzle.
import { register } from "node:module";
import { drizzleAdapter } from "better-auth/adapters/drizzle";
import { drizzle } from "drizzle-orm/node-postgres";

// Its package names Bun's driver beside that of node-postgres, which is the one used here.
const bun = "data:text/javascript,export class SQL {}";
const hook = `export const resolve = (name, context, next) =>
  name === "bun" ? { url: ${JSON.stringify(bun)}, shortCircuit: true } : next(name, context);`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);
const { createAuth } = await import("@agentuity/auth");
const schema = await import("@agentuity/auth/schema");

export { apiKeyClient } from "@better-auth/api-key/client";
export { createAuthClient } from "better-auth/client";
export { organizationClient } from "better-auth/client/plugins";
export { toNodeHandler } from "better-auth/node";
export { createAuth as betterAuth };
export const parts = (pool) => ({ database: drizzleAdapter(drizzle(pool, { schema }), { provider: "pg", schema }) });
