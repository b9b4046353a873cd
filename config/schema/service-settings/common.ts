import { z } from "zod";
import { unsupported } from "../setting.ts";

export const text = z.string().min(1);
export const quantity = z.string();
export const seconds = z.int().min(0);
export const labels = z.record(text, z.string());
export const port = z.int();
/** A part of a Kubernetes object, as its API has it. */
export const manifest = z.record(z.string(), z.unknown());

export const noKubernetes = unsupported("there is no Kubernetes API. Remove it");
export const noSecrets = (instead: string) => unsupported(`there are no Kubernetes Secrets. ${instead}`);
export const oneHost = unsupported("there is one machine. Remove it");
