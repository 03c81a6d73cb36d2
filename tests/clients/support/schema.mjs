// The published contract, and how the suites run a tool on it.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** This folder's parent: `tests/clients`. */
export const folder = fileURLToPath(new URL("..", import.meta.url));

/** The SDL under test: the one in the repository, unless another is named. */
export const schemaPath = process.env.AGENTRY_SCHEMA ?? fileURLToPath(new URL("../../../schema.graphql", import.meta.url));

const exec = promisify(execFile);

/** Runs a tool of `node_modules/.bin`; a failure shows what it printed. */
export async function tool(name, args, options = {}) {
  try {
    return await exec(`${folder}node_modules/.bin/${name}`, args, { cwd: folder, ...options });
  } catch (error) {
    throw new Error(`${name} failed:\n${error.stdout ?? ""}${error.stderr ?? ""}`, { cause: error });
  }
}
