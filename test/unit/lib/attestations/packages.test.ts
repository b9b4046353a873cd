import { distributionIn, isPackageRecord, packagesIn } from "../../../../lib/attestations/packages.ts";

test("packages of Debian, also of distroless images, and of Alpine are read; removed ones are not", () => {
  const files = new Map([
    [
      "var/lib/dpkg/status",
      "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.41-12\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n",
    ],
    ["var/lib/dpkg/status.d/tzdata", "Package: tzdata\nVersion: 2026a-1\nArchitecture: all\nDescription: Version: none\n"],
    ["var/lib/dpkg/status.d/tzdata.md5sums", "Package: no\nVersion: 1\n"],
    ["lib/apk/db/installed", "C:Q1=\nP:musl\nV:1.2.5-r10\nA:x86_64\n\nP:busybox\nV:1.37.0-r19\nA:x86_64\n"],
  ]);
  expect(packagesIn(files)).toEqual([
    { type: "deb", name: "libc6", version: "2.41-12", architecture: "amd64" },
    { type: "deb", name: "tzdata", version: "2026a-1", architecture: "all" },
    { type: "apk", name: "musl", version: "1.2.5-r10", architecture: "x86_64" },
    { type: "apk", name: "busybox", version: "1.37.0-r19", architecture: "x86_64" },
  ]);
});

test("the distribution is that of os-release", () => {
  expect(distributionIn(new Map([["etc/os-release", 'NAME="Debian GNU/Linux"\nID=debian\nVERSION_ID="13"\n']]))).toEqual({
    id: "debian",
    version: "13",
  });
  expect(distributionIn(new Map())).toBeUndefined();
});

test("only records of packages are read from a base image", () => {
  const paths = [
    "etc/os-release",
    "var/lib/dpkg/status",
    "var/lib/dpkg/status.d/base",
    "var/lib/dpkg/status-old",
    "etc/passwd",
    "lib/apk/db/installed",
  ];
  expect(paths.filter(isPackageRecord)).toEqual([
    "etc/os-release",
    "var/lib/dpkg/status",
    "var/lib/dpkg/status.d/base",
    "lib/apk/db/installed",
  ]);
});
