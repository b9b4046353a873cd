import { createHash, generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { fulcioHandler, initializeCA, initializeCTLog, initializeTLog, rekorHandler } from "@sigstore/mock";

/** Fulcio and Rekor as the Sigstore project's own tests have them: real keys, certificates and signatures, and no accounts. */
export interface SigstoreServices extends Disposable {
  url: string;
  /** What a verifier trusts, https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_trustroot.proto. */
  trustedRoot: object;
}

export async function startSigstore(): Promise<SigstoreServices> {
  const handlers = new Map<
    string,
    (body: string) => Promise<{ statusCode: number; response: string | ArrayBufferView; contentType?: string }>
  >();
  const server = createServer((request, response) => {
    void text(request).then(async (body) => {
      const handle = handlers.get(request.url ?? "");
      if (!handle) return response.writeHead(404).end();
      const { statusCode, response: content, contentType = "text/plain" } = await handle(body);
      return response.writeHead(statusCode, { "content-type": contentType }).end(content);
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const keys = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
  const ctlog = await initializeCTLog(keys());
  const [ca, tlog] = await Promise.all([initializeCA(keys(), ctlog), initializeTLog(url, keys())]);
  const [fulcio, rekor] = [fulcioHandler(ca), rekorHandler(tlog)];
  handlers.set(fulcio.path, fulcio.fn).set(rekor.path, (body) => rekor.fn(logged(body)));
  const validFor = { start: "2020-01-01T00:00:00Z" };
  const log = (publicKey: Buffer, keyId: Uint8Array) => ({
    baseUrl: url,
    hashAlgorithm: "SHA2_256",
    publicKey: { rawBytes: publicKey.toString("base64"), keyDetails: "PKIX_ECDSA_P256_SHA_256", validFor },
    logId: { keyId: Buffer.from(keyId).toString("base64") },
  });
  const bytes = (view: ArrayBufferView<ArrayBuffer> | ArrayBuffer) => Buffer.from("buffer" in view ? view.buffer : view);
  return {
    url,
    trustedRoot: {
      mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
      tlogs: [log(tlog.publicKey, createHash("sha256").update(tlog.publicKey).digest())],
      certificateAuthorities: [
        {
          subject: { commonName: "sigstore", organization: "sigstore.mock" },
          uri: url,
          certChain: { certificates: [{ rawBytes: bytes(ca.rootCertificate).toString("base64") }] },
          validFor,
        },
      ],
      ctlogs: [log(ctlog.publicKey, bytes(ctlog.logID))],
      timestampAuthorities: [],
    },
    [Symbol.dispose]: () => void server.close(),
  };
}

/** Rekor logs hashes of what is proposed, which its stand-in leaves out: https://github.com/sigstore/rekor/blob/main/pkg/types/dsse/v0.0.1/dsse_v0_0_1_schema.json. */
function logged(body: string): string {
  const { spec, ...entry } = JSON.parse(body) as { spec: { proposedContent: { envelope: string; verifiers: string[] } } };
  const { envelope, verifiers } = spec.proposedContent;
  const { payload, signatures } = JSON.parse(envelope) as { payload: string; signatures: { sig: string }[] };
  const hash = (content: string | Buffer) => ({ algorithm: "sha256", value: createHash("sha256").update(content).digest("hex") });
  const signed = signatures.map(({ sig }, i) => ({ signature: sig, verifier: verifiers[i] }));
  return JSON.stringify({
    ...entry,
    spec: { envelopeHash: hash(envelope), payloadHash: hash(Buffer.from(payload, "base64")), signatures: signed },
  });
}
