// better-auth 1.5: API keys are a package beside it.
export { apiKey } from "@better-auth/api-key";
export { apiKeyClient } from "@better-auth/api-key/client";
export { betterAuth } from "better-auth";
export { createAuthClient } from "better-auth/client";
export { organizationClient } from "better-auth/client/plugins";
export { getMigrations } from "better-auth/db/migration";
export { toNodeHandler } from "better-auth/node";
export { bearer, jwt, organization } from "better-auth/plugins";
