/** The error as gRPC passes it on: Pulumi's SDK reports its details and not its message. */
export function rpcError<E extends Error>(error: E): E & { details: string } {
  return Object.assign(error, { details: error.message });
}
