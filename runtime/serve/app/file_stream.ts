/**
 * The stream that stands for a file of `server.file`: where the Web's classes want a body, it is this one, and nobody reads it.
 *
 * In: a path beneath the app's folder. Out: a stream that fails if it is read; of any body, the path that it stands for.
 */

/** Why it cannot be read. */
export const UNREADABLE =
  "A file of server.file is sent by the server: the app cannot read it here";

const files = new WeakMap<object, string>();

/** A stream for the constructor of a copy, which stands for the file again. */
export function streamFor(file: string): ReadableStream<Uint8Array<ArrayBuffer>> {
  const pull = (controller: ReadableStreamDefaultController) =>
    controller.error(new TypeError(UNREADABLE));
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({ pull }, { highWaterMark: 0 });
  files.set(stream, file);
  return stream;
}

/** The file for which a body stands; undefined: for none. */
export function fileOf(body: BodyInit): string | undefined {
  return body instanceof ReadableStream ? files.get(body) : undefined;
}
