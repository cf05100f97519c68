import { assertEquals } from "@std/assert";
import { DigestSet } from "../../../datasets/merging/digest_set.ts";

Deno.test("DigestSet tells new digests from known ones while it grows", () => {
  const digest = (value: number) => new Uint8Array(Uint32Array.of(value % 7, value, 0, 0).buffer);
  const set = new DigestSet();
  for (let value = 1; value <= 5000; value++) assertEquals(set.add(digest(value)), true);
  for (let value = 1; value <= 5000; value++) assertEquals(set.add(digest(value)), false);
  assertEquals(set.size, 5000);
});

Deno.test("DigestSet looks at all 16 bytes and holds a digest of zeroes", () => {
  const set = new DigestSet();
  for (let byte = 0; byte < 16; byte++) {
    const digest = new Uint8Array(16);
    digest[byte] = 9;
    assertEquals(set.add(digest), true);
    assertEquals(set.add(digest), false);
  }
  assertEquals([set.add(new Uint8Array(16)), set.add(new Uint8Array(16))], [true, false]);
});
