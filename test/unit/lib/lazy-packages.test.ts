import { execFileSync } from "node:child_process";

const program = `
  import Module, { createRequire } from "node:module";
  import "./lib/lazy-packages.ts";
  import * as pulumi from "@pulumi/pulumi";
  const { cache } = createRequire(import.meta.url);
  const isLoaded = (file) => Object.values(cache).some((m) => m instanceof Module && m.filename.includes(file));
  const loaded = () => ["/typescript/lib/typescript.js", "/arborist/lib/index.js"].map(isLoaded).join();
  const number = 7;
  console.log(loaded());
  console.log((await pulumi.runtime.serializeFunction(() => number)).text.includes("number: 7"), loaded());
  console.log((await pulumi.runtime.computeCodePaths({})).size > 100, loaded());
`;

test("the SDK loads without the packages that only serialising needs, and serialises with them", () => {
  const args = ["--input-type=module", "-e", program];
  const out = execFileSync(process.execPath, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  expect(out).toBe("false,false\ntrue true,false\ntrue true,true\n");
});
