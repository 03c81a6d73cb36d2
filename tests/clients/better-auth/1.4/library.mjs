// better-auth 1.4: API keys are a plugin of its own.
import { apiKey, bearer, jwt, organization } from "better-auth/plugins";

export { betterAuth } from "better-auth";
export { createAuthClient } from "better-auth/client";
export { apiKeyClient, organizationClient } from "better-auth/client/plugins";
export { getMigrations } from "better-auth/db";
export { toNodeHandler } from "better-auth/node";
export const parts = (pool) => ({ database: pool, plugins: [organization(), bearer(), jwt(), apiKey()] });
