import jspb from "google-protobuf";

/** How a field is encoded: https://protobuf.dev/programming-guides/encoding/. */
type Scalar = "string" | "bytes" | "bool" | "int" | "sint64" | "fixed64" | "sfixed64" | "double" | "fixed64s" | "doubles";

/** A field: its JSON name, how it is encoded, and whether there may be several. */
export type Field = [name: string, type: Scalar | (() => Message), repeated?: true];

/** A message by field numbers. Fields that are not listed are skipped. */
export type Message = Record<number, Field>;

/** A decoded message: integers of 64 bits are strings and bytes are hexadecimal, as in OTLP's JSON. */
export type Decoded = Record<string, unknown>;

/** Messages in messages. Those of OTLP are less deep, except for attributes that contain lists. */
const maxDepth = 32;

/** @throws Error if the bytes are no such message. */
export function decode(bytes: Uint8Array, message: Message): Decoded {
  return read(new jspb.BinaryReader(bytes), message, 0);
}

function read(reader: jspb.BinaryReader, message: Message, depth: number): Decoded {
  if (depth > maxDepth) throw new Error(`messages are nested more than ${maxDepth} deep`);
  const found: Decoded = {};
  while (reader.nextField() && !reader.isEndGroup()) {
    const field = message[reader.getFieldNumber()];
    if (field === undefined) {
      reader.skipField();
      continue;
    }
    const [name, type, repeated] = field;
    const value = typeof type === "string" ? scalar(reader, type) : nested(reader, type(), depth);
    if (repeated) ((found[name] ??= []) as unknown[]).push(value);
    else found[name] = value;
  }
  return found;
}

function nested(reader: jspb.BinaryReader, message: Message, depth: number): Decoded {
  let found: Decoded = {};
  reader.readMessage({}, (_message, inner?: jspb.BinaryReader) => {
    found = read(inner ?? reader, message, depth + 1);
  });
  return found;
}

function scalar(reader: jspb.BinaryReader, type: Scalar): unknown {
  switch (type) {
    case "string":
      return reader.readString();
    case "bytes":
      return Buffer.from(reader.readBytes()).toString("hex");
    case "bool":
      return reader.readBool();
    case "int":
      return reader.readInt32();
    case "sint64":
      return reader.readInt64String();
    case "fixed64":
      return reader.readFixed64String();
    case "sfixed64":
      return reader.readSfixed64String();
    case "double":
      return reader.readDouble();
    case "fixed64s":
      return (reader as unknown as Record<"readPackedFixed64String", () => string[]>).readPackedFixed64String();
    case "doubles":
      return (reader as unknown as Record<"readPackedDouble", () => number[]>).readPackedDouble();
  }
}
