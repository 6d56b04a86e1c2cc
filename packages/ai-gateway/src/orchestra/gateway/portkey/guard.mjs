// Loaded into Portkey's gateway before its own code (`node --import`): what it does not do by itself.
//
// It binds every interface and asks nobody who they are: here it listens on one socket in a folder of
// its owner's, and on nothing else. It goes on reading when its client has gone, and ends a stream
// whose provider died as if it were complete: here both ends of a call live and die together. It waits
// 25 ms before the first event of every stream: here it does not. It follows redirects, and names into private
// networks: here it goes where the configuration says, and nowhere else.

import dns from "node:dns";
import http from "node:http";
import net from "node:net";

const DOOR = process.env.ORCHESTRA_PORTKEY_SOCKET;
const IDLE = 75_000; // ms: longer than our pool keeps a connection, so that it is never closed under a call
const PAUSE = 25; // ms: what the gateway waits before a first event

const calls = new Map();

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

// Each call carries a name of ours, which its request to the provider carries too: so the two are known
// for each other's. Node's own way to know that costs a fifth of a call.
const NAME = "x-orchestra-call";
const emit = http.Server.prototype.emit;
http.Server.prototype.emit = function (event, ...rest) {
  const [request, response] = rest;
  const name = event === "request" && request.headers[NAME];
  if (name) {
    const call = { response, gone: undefined };
    calls.set(name, call);
    response.once("close", () => {
      calls.delete(name);
      if (!response.writableFinished) call.gone?.abort();
    });
  }
  return emit.call(this, event, ...rest);
};

// It answers 500 for a provider that it cannot reach, as for one that answered 500; this tells them apart.
const UNREACHABLE = "x-orchestra-unreachable";
const fetchAnything = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const { [NAME]: name, ...headers } = init?.headers ?? {};
  const call = calls.get(name);
  if (!call) throw new Error("nobody waits for the answer");
  call.gone = new AbortController();
  const signals = [init.signal, call.gone.signal].filter(Boolean);
  const signal = signals.length > 1 ? AbortSignal.any(signals) : signals[0];
  try {
    return watched(
      await fetchAnything(input, { ...init, headers, signal, redirect: "manual" }),
      call,
    );
  } catch (error) {
    if (!call.response.headersSent) {
      call.response.setHeader(UNREACHABLE, error?.cause?.code ?? error?.name ?? "unknown");
    }
    throw error;
  }
};

// A body that breaks off takes the answer to our side with it.
function watched(answer, call) {
  const body = answer.body;
  if (!body) return answer;
  const getReader = body.getReader;
  body.getReader = (...how) => {
    const reader = getReader.apply(body, how);
    reader.closed.catch(() => call.response.destroy());
    return reader;
  };
  return answer;
}

const later = globalThis.setTimeout;
globalThis.setTimeout = Object.assign(
  (act, delay, ...rest) =>
    delay === PAUSE ? setImmediate(act, ...rest) : later(act, delay, ...rest),
  later,
);

// Names of private addresses are for providers of which the configuration says that they are private.
const TRUSTED = new Set((process.env.TRUSTED_CUSTOM_HOSTS ?? "").split(","));
const PRIVATE = new net.BlockList();
for (const [address, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
]) {
  PRIVATE.addSubnet(address, bits, "ipv4");
  PRIVATE.addSubnet(`::ffff:${address}`, 96 + bits, "ipv6");
  PRIVATE.addSubnet(`64:ff9b::${address}`, 96 + bits, "ipv6");
}
for (const [address, bits] of [
  ["::", 127],
  ["fc00::", 7],
  ["fe80::", 10],
  ["fec0::", 10],
  ["ff00::", 8],
]) {
  PRIVATE.addSubnet(address, bits, "ipv6");
}

const lookup = dns.lookup;
dns.lookup = (name, options, done) => {
  const [given, answer] = typeof options === "function" ? [{}, options] : [options, done];
  return lookup(name, given, (error, found, family) => {
    const addresses = Array.isArray(found) ? found : [{ address: found, family }];
    const isPrivate = ({ address, family }) => PRIVATE.check(address, `ipv${family}`);
    if (error || TRUSTED.has(name) || !addresses.some(isPrivate)) answer(error, found, family);
    else answer(Object.assign(new Error(`${name} is in a private network`), { code: "EPRIVATE" }));
  });
};
