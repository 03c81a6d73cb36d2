// The agentry program, run on a given database with nothing of the caller's environment.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";

const KEYS = "test:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/** What signs cookies, on both sides. */
export const SECRET = "a secret that both programs share, 0123456789";

function start(args, settings) {
  const program = process.env.AGENTRY;
  assert.ok(program, "AGENTRY is not set; run scripts/test-clients.sh");
  const env = { PATH: process.env.PATH, AGENTRY_ENCRYPTION_KEYS: KEYS, AGENTRY_AUTH_SECRET: SECRET, ...settings };
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const run = { child, stdout: "", log: "", ended: once(child, "close") };
  child.stdout.setEncoding("utf8").on("data", (text) => (run.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (run.log += text));
  return run;
}

/** Runs a command to its end, and fails unless it succeeds. */
export async function runAgentry(args, settings) {
  const run = start(args, settings);
  const [code] = await run.ended;
  assert.equal(code, 0, run.stdout + run.log);
}

/** Serves until stopped. */
export async function serveAgentry(settings) {
  const run = start(["serve", "--bind=127.0.0.1:0"], settings);
  let url;
  while (!(url = /^ *Health +(\S+)\/readyz/m.exec(run.stdout)?.[1])) {
    const more = await Promise.race([once(run.child.stdout, "data"), run.ended.then(() => null)]);
    assert.ok(more, `agentry ended before it was ready: ${run.log}`);
  }
  return {
    url,
    async stop() {
      run.child.kill("SIGTERM");
      const [code] = await run.ended;
      assert.equal(code, 0, run.log);
    },
  };
}
