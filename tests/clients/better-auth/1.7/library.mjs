// better-auth 1.7: API keys are a package beside it.
import { apiKey } from "@better-auth/api-key";
import { bearer, jwt, organization } from "better-auth/plugins";

export { apiKeyClient } from "@better-auth/api-key/client";
export { betterAuth } from "better-auth";
export { createAuthClient } from "better-auth/client";
export { organizationClient } from "better-auth/client/plugins";
export { getMigrations } from "better-auth/db/migration";
export { toNodeHandler } from "better-auth/node";
const apiKeys = () => apiKey([{ configId: "default" }, { configId: "team", references: "organization" }]);
export const parts = (pool) => ({ database: pool, plugins: [organization(), bearer(), jwt(), apiKeys()] });
