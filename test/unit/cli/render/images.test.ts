import { checkImages } from "../../../../cli/render/images.ts";
import { image, layer } from "../../../../lib/oci.ts";
import { UserError } from "../../../../lib/user-error.ts";
import type { Registered } from "../../../../review/render/registrations.ts";
import { serveImage, type ImageServer } from "../../image-server.ts";

let server: ImageServer;
let existing: string;
beforeAll(async () => {
  const content = image({ os: "linux", architecture: "amd64" }, [await layer([{ path: "a", mode: 0o644, content: "a" }], "gzip")], {});
  server = await serveImage(content);
  existing = `${server.host}/base@${content.descriptor.digest}`;
});
afterAll(() => server[Symbol.dispose]());
beforeEach(() => (server.status = 200));

const pod = (...images: string[]): Registered => {
  const inputs = { spec: { initContainers: [{ image: images[0] }], containers: images.slice(1).map((one) => ({ image: one })) } };
  return { urn: "pod", type: "kubernetes:core/v1:Pod", name: "pod", parent: undefined, inputs };
};
const built = (repository: string, digest: string): Registered => ({
  urn: "push",
  type: "pulumi-nodejs:dynamic/slipway:RegistryPush",
  name: "web",
  parent: undefined,
  inputs: { repository, digest },
});
const digest = (character: string) => `sha256:${character.repeat(64)}`;

test("images that exist are accepted", async () => {
  await expect(checkImages([pod(existing, existing)])).resolves.toBeUndefined();
  expect(server.asked).toEqual([`manifests ${existing.split("@")[1]}`]);
});

test("images that do not exist are reported, all at once, with the remedy of each", async () => {
  const [own, other] = [`${server.host}/base@${digest("1")}`, `${server.host}/base@${digest("2")}`];
  await expect(checkImages([pod(other, existing, own), built(`${server.host}/base`, digest("1"))])).rejects.toThrow(
    new UserError(
      [
        "These images cannot be deployed:",
        `  - ${own}: is built from a source, and was not pushed. Add --push-images.`,
        `  - ${other}: does not exist in its registry. Push it, or set another image.`,
      ].join("\n"),
    ),
  );
});

test("a registry that rejects the credentials is a problem only for images that are built", async () => {
  server.status = 401;
  await expect(checkImages([pod(existing)])).resolves.toBeUndefined();
  const [repository, at] = existing.split("@");
  await expect(checkImages([pod(existing), built(repository!, at!)])).rejects.toThrow(
    `${existing}: its registry does not say whether it exists (`,
  );
});
