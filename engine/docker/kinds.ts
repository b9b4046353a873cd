import { container } from "./container.ts";
import { image } from "./image.ts";
import type { Kind } from "./kind.ts";
import { network, volume } from "./network.ts";
import { secret, service, serviceConfig } from "./service.ts";

/** The kinds of objects that the program makes, by their names in @pulumi/docker. */
export const kinds: Record<string, Kind> = { container, image, network, secret, service, serviceConfig, volume };
