import { secretMask } from "../../../lib/secret-mask.ts";

test("without secrets, messages stay as they are", () => {
  for (const none of [[], ["", undefined, null, true], [{ a: [""] }]])
    expect(secretMask(none)("true null undefined")).toBe("true null undefined");
});

test("texts are replaced everywhere, at any depth of the secrets", () => {
  const mask = secretMask([{ a: ["s3cret", { b: "hidden" }] }, "other"]);
  expect(mask("s3cret, as3cretb, hidden and another")).toBe("[secret], a[secret]b, [secret] and an[secret]");
});

test("a longer secret is replaced as a whole, whatever the order", () => {
  for (const secrets of [
    ["pass", "password1"],
    ["password1", "pass"],
  ])
    expect(secretMask(secrets)("password1 pass")).toBe("[secret] [secret]");
});

test("the characters of a secret are taken literally", () => {
  expect(secretMask(["a.b*(c)$^[d]{e}|f\\+?"])("a.b*(c)$^[d]{e}|f\\+? axb")).toBe("[secret] axb");
});

test("numbers are replaced where they stand alone", () => {
  expect(secretMask([42])("42 is 42, not 420, 142, 4.42, 42.5 or x42")).toBe("[secret] is [secret], not 420, 142, 4.42, 42.5 or x42");
  expect(secretMask([{ port: 1.5 }])("1.5 and 1x5")).toBe("[secret] and 1x5");
});
