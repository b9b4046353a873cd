import { expiredExceptions, isAbout, unusedExceptions, validExceptions } from "../../../../lib/vulnerabilities/exceptions.ts";

const finding = { id: "GO-2026-6603", aliases: ["CVE-2026-78659"] };
const exception = (more: object = {}) => ({ id: "GO-2026-6603", reason: "a proxy is in front", until: "2026-12-31", ...more });
const found = [{ service: "web", findings: [finding] }];

test("an exception is about a vulnerability by any of its names", () => {
  expect(isAbout({ id: "GO-2026-6603" }, finding)).toBe(true);
  expect(isAbout({ id: "cve-2026-78659" }, finding)).toBe(true);
  expect(isAbout({ id: "GO-2026-660" }, finding)).toBe(false);
});

test("an exception counts until its last day, and only for its services", () => {
  const all = [exception({ services: ["web"] }), exception({ services: ["db"] }), exception({ until: "2026-11-27" })];
  expect(validExceptions(all, "web", "2026-11-28")).toEqual([all[0]]);
  expect(validExceptions(all, "web", "2026-12-31")).toEqual([all[0]]);
  expect(validExceptions(all, "web", "2027-01-01")).toEqual([]);
});

test("one that has expired and is still needed is reported, and one that matches nothing", () => {
  const all = [exception({ until: "2026-11-27" }), exception({ id: "CVE-1" }), exception({ services: ["db"] }), exception()];
  expect(expiredExceptions(all, found, "2026-11-28")).toEqual([
    "slipway:supplyChain.vulnerabilities.exceptions[0]: expired on 2026-11-27, so it does not count (GO-2026-6603). Fix the vulnerability, or extend the exception.",
  ]);
  expect(unusedExceptions(all, found)).toEqual([
    "slipway:supplyChain.vulnerabilities.exceptions[1]: matches no vulnerability (CVE-1). Remove it.",
    "slipway:supplyChain.vulnerabilities.exceptions[2]: matches no vulnerability (GO-2026-6603). Remove it.",
  ]);
});
