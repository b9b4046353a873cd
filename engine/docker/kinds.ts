import { container } from "./container.ts";
import { image } from "./image.ts";
import type { Kind } from "./kind.ts";
import { network, volume } from "./network.ts";
import { secret, service, serviceConfig } from "./service.ts";

/** Supported kinds, by their names in @pulumi/docker. */
export const kinds: Record<string, Kind> = { container, image, network, secret, service, serviceConfig, volume };
