// Loaded into Portkey's gateway before its own code (`node --import`): what it does not do by itself.
//
// It binds every interface and asks nobody who they are: here it listens on one socket in a folder of
// its owner's, and on nothing else. It goes on reading when its client has gone, and ends a stream
// whose provider died as if it were complete: here both ends of a call live and die together. It waits
// 25 ms before the first event of every stream: here it does not.

import { AsyncLocalStorage } from "node:async_hooks";
import http from "node:http";
import net from "node:net";

const DOOR = process.env.ORCHESTRA_PORTKEY_SOCKET;
const IDLE = 75_000; // ms: longer than our pool keeps a connection, so that it is never closed under a call
const PAUSE = 25; // ms: what the gateway waits before a first event

const calls = new AsyncLocalStorage();

if (!DOOR) throw new Error("ORCHESTRA_PORTKEY_SOCKET is not set");

// The pipe is held by the process that started us: its end is our end, also when it is killed.
process.stdin
  .on("end", () => process.exit(0))
  .on("error", () => process.exit(0))
  .resume();

const listen = net.Server.prototype.listen;
let listening = false;
net.Server.prototype.listen = function () {
  if (listening) throw new Error("this process listens on one socket only");
  listening = true;
  this.keepAliveTimeout = IDLE;
  this.headersTimeout = IDLE + 5_000;
  return listen.call(this, { path: DOOR });
};

const emit = http.Server.prototype.emit;
http.Server.prototype.emit = function (event, ...rest) {
  if (event !== "request") return emit.call(this, event, ...rest);
  const [, response] = rest;
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  return calls.run({ response, signal: gone.signal }, () => emit.call(this, event, ...rest));
};

// It answers 500 for a provider that it cannot reach, as for one that answered 500; this tells them apart.
const UNREACHABLE = "x-orchestra-unreachable";
const fetchAnything = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const call = calls.getStore();
  if (!call) return fetchAnything(input, init);
  const signal = init?.signal ? AbortSignal.any([init.signal, call.signal]) : call.signal;
  try {
    return await fetchAnything(input, { ...init, signal });
  } catch (error) {
    if (!call.response.headersSent) {
      call.response.setHeader(UNREACHABLE, error?.cause?.code ?? error?.name ?? "unknown");
    }
    throw error;
  }
};

const read = ReadableStreamDefaultReader.prototype.read;
ReadableStreamDefaultReader.prototype.read = function () {
  const chunk = read.call(this);
  const call = calls.getStore();
  if (call) chunk.catch(() => call.response.destroy());
  return chunk;
};

const later = globalThis.setTimeout;
globalThis.setTimeout = Object.assign(
  (act, delay, ...rest) =>
    delay === PAUSE && calls.getStore() ? setImmediate(act, ...rest) : later(act, delay, ...rest),
  later,
);
