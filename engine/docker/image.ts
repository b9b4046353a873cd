import { buildImage, pushImage } from "../../lib/docker-client.ts";
import { UserError } from "../../lib/user-error.ts";
import type { Kind } from "./kind.ts";

/** docker.Image: built from a folder with a Dockerfile, and pushed. */
export const image: Kind = {
  properties: "imageName build buildOnPreview registry skipPush",
  find: (_docker, name) => ({ inspect: async () => ({ name }) }), // the provider of Pulumi looks after nothing either
  async create(docker, { imageName, build, registry, skipPush }, { progress }) {
    if (skipPush) throw new UserError("the embedded engine always pushes; that needs the Pulumi CLI (SLIPWAY_ENGINE=pulumi)");
    progress(`the build of ${imageName}`);
    await buildImage(docker, build.context, { tag: imageName, platform: build.platform, args: build.args });
    progress(`the push of ${imageName}`);
    const authconfig = { username: registry?.username, password: registry?.password, serveraddress: registry?.server };
    const digest = await pushImage(docker, imageName, authconfig);
    return { id: imageName, outputs: { repoDigest: `${imageName.replace(/:[^:/]+$/, "")}@${digest}` } };
  },
  updatable: ["imageName", "build", "buildOnPreview", "registry"],
  async update(docker, _id, inputs, work) {
    return { ...inputs, ...(await this.create(docker, inputs, work)).outputs };
  },
};
