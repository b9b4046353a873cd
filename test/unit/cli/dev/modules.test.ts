import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { localModules, panicIn } from "../../../../cli/dev/modules.ts";

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "slipway-modules-")));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(file: string, text: string): void {
  mkdirSync(join(folder, file, ".."), { recursive: true });
  writeFileSync(join(folder, file), text);
}

const sorted = async (source: string) =>
  (await localModules(join(folder, source))).map(({ path, folder: at }) => [path, relative(folder, at)]).sort();

test("a module that replaces another by a folder has both", async () => {
  write("app/go.mod", "module example.org/app\n\ngo 1.25\n\nrequire example.org/lib v0.0.0\n\nreplace example.org/lib => ../lib\n");
  write("app/main.go", 'package main\n\nimport _ "example.org/lib"\n\nfunc main() {}\n');
  write("lib/go.mod", "module example.org/lib\n\ngo 1.25\n");
  write("lib/lib.go", "package lib\n");
  expect(await sorted("app")).toEqual([
    ["example.org/app", "app"],
    ["example.org/lib", "lib"],
  ]);
});

test("a workspace has all its modules", async () => {
  write("go.work", "go 1.25\n\nuse ./app\nuse ./lib\n");
  write("app/go.mod", "module example.org/app\n\ngo 1.25\n");
  write("lib/go.mod", "module example.org/lib\n\ngo 1.25\n");
  expect(await sorted("app")).toEqual([
    ["example.org/app", "app"],
    ["example.org/lib", "lib"],
  ]);
});

test("a package below the module, and a go.mod that is not valid, have the folder of the module", async () => {
  write("go.mod", "module example.org/app\n\ngo 1.25\n");
  write("cmd/web/main.go", "package main\n\nfunc main() {}\n");
  expect(await sorted("cmd/web")).toEqual([["example.org/app", ""]]);
  write("go.mod", "mod");
  expect(await sorted("cmd/web")).toEqual([["", ""]]);
});

const stack = `panic: runtime error: index out of range [3] with length 2

goroutine 18 [running]:
net/http.(*conn).serve.func1()
\tnet/http/server.go:1947 +0xbe
example.org/other/pkg.Do()
\texample.org/other/pkg/do.go:12 +0x1d
example.org/app/api.list(...)
\texample.org/app/api/list.go:42
main.main()
\texample.org/app/main.go:7 +0x1f
`;

test("the place of a panic is the first one in a local module, relative to this folder", () => {
  const modules = [{ path: "example.org/app", folder: join(process.cwd(), "services/app") }];
  expect(panicIn(stack, modules)).toBe("services/app/api/list.go:42");
  expect(panicIn(stack, [{ path: "example.org/ap", folder: "/x" }])).toBeUndefined();
  expect(panicIn("level=error msg=stopped", modules)).toBeUndefined();
});
