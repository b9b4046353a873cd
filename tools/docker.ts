import { dockerEngine } from "../components/internal/docker-engine.ts";

export const docker = dockerEngine();

export async function engineAnswers(): Promise<boolean> {
  return docker.ping().then(
    () => true,
    () => false,
  );
}

export async function imageExists(reference: string): Promise<boolean> {
  return docker
    .getImage(reference)
    .inspect()
    .then(
      () => true,
      () => false,
    );
}

/** Pulls an image; gives up after `timeoutSeconds`, so that a network that swallows packets does not hold anyone. */
export async function pullImage(reference: string, timeoutSeconds: number): Promise<void> {
  const stream = await docker.pull(reference, { abortSignal: AbortSignal.timeout(timeoutSeconds * 1000) });
  await finished(stream);
}

/** Builds an image from a folder with a Dockerfile. */
export async function buildImage(context: string, tag: string): Promise<void> {
  const stream = await docker.buildImage({ context, src: ["."] }, { t: tag, rm: true, forcerm: true });
  await finished(stream);
}

function finished(stream: NodeJS.ReadableStream): Promise<void> {
  return new Promise((done, failed) => docker.modem.followProgress(stream, (error) => (error ? failed(error) : done())));
}
