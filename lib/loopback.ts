/** Annotation of a Service of type NodePort whose ports only this machine reaches. */
export const loopbackAnnotation = "slipway.dev/loopback";
