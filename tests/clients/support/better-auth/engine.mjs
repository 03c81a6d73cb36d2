// A front end's server: the real better-auth behind node:http.
import { createServer } from "node:http";
import { once } from "node:events";
import { Sent } from "./outbox.mjs";
import { SECRET } from "./program.mjs";

/** Takes a port; `serve` mounts better-auth there once its tables can be used. */
export async function openEngine(library, pool) {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${server.address().port}`;
  const sent = new Sent();
  const options = {
    baseURL: origin,
    secret: SECRET,
    ...library.parts(pool),
    emailAndPassword: { enabled: true, sendResetPassword: sent.keep("password-reset") },
    emailVerification: { sendVerificationEmail: sent.keep("verification") },
    // With no message to the old address: one link, to the new one, changes it.
    user: { deleteUser: { enabled: true }, changeEmail: { enabled: true } },
    telemetry: { enabled: false },
    // Refusals are what many cases ask for.
    logger: { disabled: true },
  };
  let auth;
  return {
    origin,
    sent,
    /** What its own migration would still do. */
    migrations: () => library.getMigrations(options),
    serve() {
      auth = library.betterAuth(options);
      server.on("request", library.toNodeHandler(auth));
    },
    /** Calls that only a front end's server can make. */
    get api() {
      return auth.api;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
