// Numbers of all regions, read by Google's libphonenumber and by Agentry.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { folder } from "../support/schema.mjs";

const READER = process.env.READ_NUMBERS ?? "";

describe("phone numbers", { timeout: 300_000 }, () => {
  test("are what Google's libphonenumber makes of them, but where a rule of our own says otherwise", async (t) => {
    assert.notEqual(READER, "", "READ_NUMBERS is not set; run scripts/test-clients.sh");
    const { stdout } = await promisify(execFile)(`${folder}.venv/bin/python`, ["phones/compare.py", READER], {
      cwd: folder,
      maxBuffer: 1 << 26,
    });
    const { numbers, regions, taken, differences } = JSON.parse(stdout);
    t.diagnostic(`${numbers} numbers of ${regions} regions, ${taken} of them taken by Google`);
    for (const [why, { count, examples }] of Object.entries(differences)) {
      t.diagnostic(`${count}: ${why}, as in ${JSON.stringify(examples[0])}`);
    }
    assert.ok(numbers > 20_000 && regions > 240 && taken > 10_000, `${numbers} ${regions} ${taken}`);
    assert.deepEqual(differences["not explained"] ?? [], [], "differences that no rule explains");
  });
});
