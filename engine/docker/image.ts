import { relative } from "node:path";
import { buildImage, pushImage } from "../../lib/docker-client.ts";
import { needsCLI } from "../provider.ts";
import type { Kind } from "./kind.ts";

/** docker.Image: builds a folder with a Dockerfile and pushes the image. */
export const image: Kind = {
  properties: "imageName build buildOnPreview registry skipPush",
  // Like Pulumi's provider, it does not check whether the image still exists.
  find: (_docker, name) => ({ inspect: async () => ({ name }) }),
  async create(docker, { imageName, build, registry, skipPush }, { progress }) {
    if (skipPush) throw needsCLI("does not support skipPush");
    progress(`the build of ${imageName}`);
    const { context, platform, args, target } = build;
    const dockerfile = build.dockerfile && relative(context, build.dockerfile);
    await buildImage(docker, context, { tag: imageName, platform, args, target, dockerfile });
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
