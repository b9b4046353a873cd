import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { upgradeOf } from "../../../../lib/vulnerabilities/upgrade.ts";

const toolchain = { version: "go1.26.8", fixed: false, workspace: "" };
const place = { module: resolve("app/go.mod"), toolchain };
const text = { module: "golang.org/x/text", fixed: "v0.3.7" };
const go = { module: "stdlib", fixed: "v1.26.9" };

test("a module is upgraded in its folder", () => {
  expect(upgradeOf(text, place)).toBe("go -C app get golang.org/x/text@v0.3.7 && go -C app mod tidy");
  expect(upgradeOf(text, { ...place, module: resolve("go.mod") })).toBe("go get golang.org/x/text@v0.3.7 && go mod tidy");
  expect(upgradeOf({ module: "golang.org/x/text" }, place)).toBeUndefined();
});

test("vendored modules are vendored again", () => {
  const folder = mkdtempSync(join(tmpdir(), "slipway-upgrade-"));
  mkdirSync(join(folder, "vendor"));
  writeFileSync(join(folder, "vendor/modules.txt"), "");
  expect(upgradeOf(text, { ...place, module: join(folder, "go.mod") })).toMatch(/ mod tidy && go -C \S+ mod vendor$/);
  rmSync(folder, { recursive: true });
});

test("Go itself is upgraded where its version comes from", () => {
  expect(upgradeOf(go, place)).toBe("go -C app get go@1.26.9");
  expect(upgradeOf(go, { ...place, toolchain: { ...toolchain, workspace: resolve("work") } })).toBe("go -C work work edit -go=1.26.9");
  expect(upgradeOf(go, { ...place, toolchain: { ...toolchain, fixed: true } })).toBe(
    "install Go 1.26.9, because GOTOOLCHAIN allows no other than go1.26.8: https://go.dev/dl/",
  );
  expect(upgradeOf(go, { ...place, toolchainSetting: "slipway:services.web.build.env.GOTOOLCHAIN" })).toBe(
    "set slipway:services.web.build.env.GOTOOLCHAIN to go1.26.9",
  );
});
