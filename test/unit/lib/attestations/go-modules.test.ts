import { parseGoProgram } from "../../../../lib/attestations/go-modules.ts";

test("modules, replaced modules and settings are read from what Go prints", () => {
  const text = [
    "/tmp/x y: go1.26.8",
    "\tpath\texample.org/shop/cmd/web",
    "\tmod\texample.org/shop\t(devel)\t",
    "\tdep\texample.org/a\tv1.0.0\th1:aaa=",
    "\tdep\texample.org/b\tv1.0.0",
    "\t=>\texample.org/fork\tv2.0.0\th1:bbb=",
    "\tbuild\t-ldflags=\"-s -X 'main.version=1=2'\"",
    "\tbuild\tCGO_ENABLED=0",
    "",
  ].join("\n");
  expect(parseGoProgram(text)).toEqual({
    goVersion: "1.26.8",
    package: "example.org/shop/cmd/web",
    main: { path: "example.org/shop", version: "(devel)" },
    modules: [
      { path: "example.org/a", version: "v1.0.0", sum: "h1:aaa=" },
      { path: "example.org/fork", version: "v2.0.0", sum: "h1:bbb=" },
    ],
    settings: { "-ldflags": "\"-s -X 'main.version=1=2'\"", CGO_ENABLED: "0" },
  });
});
