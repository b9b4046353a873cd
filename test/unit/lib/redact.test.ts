import { redact } from "../../../lib/redact.ts";

test.each([
  ["arn:aws:iam::111122223333:role/deployer", "arn:aws:iam::<account>:role/deployer"],
  ["the key AKIAIOSFODNN7EXAMPLE is unknown", "the key <key> is unknown"],
  [`session ${"Fwo/+=".repeat(20)}`, "session <token>"],
])("%s becomes %s", (text, redacted) => expect(redact(text)).toBe(redacted));

test("a digest stays, also one with twelve digits in a row, and the account of its registry does not", () => {
  const digest = `sha256:dd1ebe09e542${"a".repeat(20)}123456789012${"b".repeat(20)}`;
  expect(redact(`127.0.0.1:25001/prod/web@${digest}`)).toBe(`127.0.0.1:25001/prod/web@${digest}`);
  expect(redact(`111122223333.dkr.ecr.eu-central-1.amazonaws.com/web@${digest}`)).toBe(
    `<account>.dkr.ecr.eu-central-1.amazonaws.com/web@${digest}`,
  );
});
