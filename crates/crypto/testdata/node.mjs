// Writes node.json: values sealed by Node's own crypto, for the tests of this crate to open.
//
//     node node.mjs > node.json
//
// Everything is fixed, so that running it again gives the same bytes. Keys and texts are made up.
import { createCipheriv, createHash } from "node:crypto";

const keys = {
  a: "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
  b: "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff00112233445566778899aabbccddeeff",
};

const texts = {
  empty: "",
  "one character": "x",
  "a provider key": "provider-key-0123456789-abcdefghijklmnopqrstuvwxyz",
  "exactly one block": "0123456789abcdef",
  "several scripts": "Schlüssel · ключ · 鍵 · مفتاح · 🔑 · e\u0301",
  "control characters": "line one\nline two\ttab\u0000nul",
  "looks like a sealed value": "v1.a.AAAA:00:00",
  long: "0123456789 abcdefghij ".repeat(200),
};

// A nonce for each name, of the length asked for: fixed, which is right for test values and for nothing else.
const nonceFor = (name, bytes) => createHash("sha256").update(name).digest().subarray(0, bytes);

// The utility the older form comes from: 16-byte IV, no associated data, `ivHex:tagHex:cipherHex`.
function older(key, name, plaintext) {
  const iv = nonceFor(`older ${name}`, 16);
  const cipher = createCipheriv("aes-256-gcm", Buffer.from(keys[key], "hex"), iv);
  const ciphertext = cipher.update(plaintext, undefined, "hex") + cipher.final("hex");
  return `${iv.toString("hex")}:${cipher.getAuthTag().toString("hex")}:${ciphertext}`;
}

// The form in use, written a second time from docs/sealing.md alone.
function v1(key, name, plaintext, place) {
  const nonce = nonceFor(`v1 ${name}`, 12);
  const associatedData = [place.table, place.column, place.organization, place.row].flatMap((part) => {
    const bytes = Buffer.from(part, "utf8");
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(bytes.length));
    return [length, bytes];
  });
  const cipher = createCipheriv("aes-256-gcm", Buffer.from(keys[key], "hex"), nonce);
  cipher.setAAD(Buffer.concat(associatedData));
  const body = [nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()];
  return `v1.${key}.${Buffer.concat(body).toString("base64url")}`;
}

const places = [
  { table: "api_connections", column: "api_key", organization: "org_1", row: "con_1" },
  { table: "täble", column: "", organization: "組織", row: "0" },
];
const notUtf8 = Buffer.from("fffe80c3", "hex");

console.log(
  JSON.stringify(
    {
      made_by: `testdata/node.mjs, Node's crypto.createCipheriv("aes-256-gcm", …)`,
      keys,
      older: Object.entries(texts).flatMap(([name, text]) =>
        Object.keys(keys).map((key) => ({ name, key, text, sealed: older(key, `${key} ${name}`, Buffer.from(text)) })),
      ),
      older_not_utf8: older("a", "not utf-8", notUtf8),
      v1: Object.entries(texts).flatMap(([name, text]) =>
        places.map((place, index) => ({
          name,
          key: "a",
          place,
          text,
          nonce: nonceFor(`v1 ${index} ${name}`, 12).toString("hex"),
          sealed: v1("a", `${index} ${name}`, Buffer.from(text), place),
        })),
      ),
      v1_not_utf8: v1("a", "not utf-8", notUtf8, places[0]),
    },
    null,
    1,
  ),
);
