import os from "node:os";
import { userName } from "../../../lib/user-name.ts";

afterEach(() => vi.restoreAllMocks());

test("a user has its name", () => {
  expect(userName()).toBe(os.userInfo().username);
});

test("a user that the machine does not know, as in containers of OpenShift, has its ID", () => {
  // The error of Node.js: uv_os_get_passwd returned ENOENT.
  vi.spyOn(os, "userInfo").mockImplementation(() => {
    throw new Error("A system error occurred");
  });
  expect(userName()).toBe(String(process.getuid!()));
});
