import { missingFile } from "../../../cli/workloads/missing-file.ts";

test.each([
  ["panic: open ./products.json: no such file or directory", "./products.json"],
  ["panic: html/template: pattern matches no files: `templates/*.html`", "templates/*.html"],
  ["2026/11/27 failed to parse: stat ui/index.html: no such file or directory", "ui/index.html"],
  ["cat: /srv/data.csv: No such file or directory", "/srv/data.csv"],
])("a log with %s names the file %s", (line, path) => {
  expect(missingFile(["starting", line])).toBe(
    `The file ${path} is not in the container. Add it to build.assets if it is in the source, or to files; with builder: dockerfile, copy it in the Dockerfile.`,
  );
});

test.each([
  "panic: REGION must be set",
  "dial unix /run/docker.sock: connect: no such file or directory",
  "open /proc/1/x: no such file or directory",
])("a log with %s names none", (line) => {
  expect(missingFile([line])).toBeUndefined();
});
