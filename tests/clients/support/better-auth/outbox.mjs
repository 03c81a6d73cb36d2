// What both programs send: Agentry into a folder, better-auth into the callbacks it is given.
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";

/** The text of a message's first part, as its header says it is written: as it is, or quoted-printable (RFC 2045, 6.7). */
function textOf(message) {
  const [, head, body] = /^(Content-Type: text\/plain[^]*?)\r\n\r\n([^]*?)\r\n--/m.exec(message);
  if (!/^Content-Transfer-Encoding: quoted-printable/m.test(head)) return body;
  return body.replace(/=\r\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
}

/** The folder that Agentry puts messages into. */
export class Outbox {
  static async open() {
    const outbox = new Outbox();
    outbox.folder = await mkdtemp(join(tmpdir(), "agentry-outbox-"));
    return outbox;
  }

  get url() {
    return pathToFileURL(this.folder).href;
  }

  /** The token of the newest message of a kind to an address, which is on its way. */
  async token(kind, email) {
    const deadline = Date.now() + 15_000;
    for (;;) {
      // Named by time: the newest comes last.
      const names = (await readdir(this.folder)).filter((name) => name.endsWith(".eml") && name.includes(`-${kind}-`));
      for (const name of names.sort().reverse()) {
        const message = await readFile(join(this.folder, name), "utf8");
        if (!message.includes(`To: ${email}\r\n`)) continue;
        const token = /[?&]token=([\w.-]+)/.exec(textOf(message))?.[1];
        assert.ok(token, message);
        return token;
      }
      assert.ok(Date.now() < deadline, `no ${kind} to ${email} for 15 s`);
      await delay(20);
    }
  }

  async close() {
    await rm(this.folder, { recursive: true });
  }
}

/** The tokens that better-auth would send, by kind and address. */
export class Sent {
  #tokens = new Map();

  /** A callback of better-auth's options. */
  keep = (kind) => async ({ user, token }) => void this.#tokens.set(`${kind} ${user.email}`, token);

  /** better-auth answers when its callback has. */
  token(kind, email) {
    const token = this.#tokens.get(`${kind} ${email}`);
    assert.ok(token, `no ${kind} to ${email}`);
    return token;
  }
}
