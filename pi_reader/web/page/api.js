// Talks to the box: one call for everything that is asked, one stream for everything that it tells.

import { has, t } from "./text.js";

const ROOT = "/api/1/";
const QUICK = 15000; // milliseconds that an answer may take

/** What the box refused, and why. status: of HTTP, 0 if nothing was heard of it. */
export class Refused extends Error {
  constructor(status, body = {}, response = null) {
    const wait = Number(body.seconds ?? response?.headers.get("Retry-After")) || 0;
    super(has(`error.${status}`) ? t(`error.${status}`, { n: wait || 60 }) : body.error ?? t("error.other", { status }));
    Object.assign(this, { status, wait, line: body.error ?? "", key: body.key, hint: body.did_you_mean, body });
  }
}

const lost = new EventTarget();

/** Calls back whenever the box says that nobody is signed in any more. */
export const onLost = (callback) => lost.addEventListener("lost", callback);

/** Asks the box. Gives the answer's content, and its headers. Throws Refused. */
export async function request(method, path, { body, headers, signal, kind = "json", patience = QUICK } = {}) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(new Refused(0)), patience);
  const leave = () => stop.abort(signal.reason);
  signal?.addEventListener("abort", leave, { once: true });
  try {
    const response = await fetch(ROOT + path, {
      method,
      headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
      signal: stop.signal,
    });
    if (response.ok) {
      const content = response.status === 204 ? null : await response[kind]();
      return { status: response.status, content, headers: response.headers };
    }
    const told = await response.json().catch(() => ({}));
    if (response.status === 401 && path !== "session") lost.dispatchEvent(new Event("lost"));
    throw new Refused(response.status, told, response);
  } catch (error) {
    if (error instanceof Refused || signal?.aborted) throw error;
    throw new Refused(0);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", leave);
  }
}

export const get = async (path, options) => (await request("GET", path, options)).content;
export const post = async (path, body = {}, options) => (await request("POST", path, { body, ...options })).content;
export const remove = async (path) => (await request("DELETE", path)).content;
export const url = (path) => ROOT + path;

const TELLS = ["state", "view"];
const FIRST_WAIT = 1000; // milliseconds to the next try; twice as long after each that failed
const LONGEST_WAIT = 15000;
const SILENCE = 25000; // milliseconds without a word, of which the box says one every ten seconds

/** What the box tells by itself, as events of the kinds above and `connected`. Its last words of
 *  each kind are kept in `last`. The stream is closed while nobody sees the page: a browser has few. */
export class Live extends EventTarget {
  last = {};
  connected = null;
  #stream = null;
  #timer = 0;
  #watch = 0;
  #wait = FIRST_WAIT;
  #wanted = false;

  constructor() {
    super();
    document.addEventListener("visibilitychange", () => this.#arrange());
    addEventListener("online", () => this.#arrange(true));
  }

  start() {
    this.#wanted = true;
    this.#arrange();
  }

  stop() {
    this.#wanted = false;
    this.last = {};
    this.#arrange();
  }

  /** Calls back with what is told from now on, and at once with the last word; gives a function
   *  that ends it. */
  on(kind, callback) {
    const listener = (event) => callback(event.detail);
    this.addEventListener(kind, listener);
    if (kind === "connected" ? this.connected !== null : kind in this.last) callback(kind === "connected" ? this.connected : this.last[kind]);
    return () => this.removeEventListener(kind, listener);
  }

  /** Notes something as if the box had told it. */
  tell(kind, detail) {
    if (kind === "connected") {
      if (this.connected === detail) return;
      this.connected = detail;
    } else this.last[kind] = detail;
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }

  #arrange(anew = false) {
    const open = this.#wanted && !document.hidden;
    if (this.#stream && (!open || anew)) this.#close();
    if (open && !this.#stream) this.#open();
    if (!open) clearTimeout(this.#timer);
  }

  #close() {
    clearTimeout(this.#watch);
    this.#stream?.close();
    this.#stream = null;
  }

  #open() {
    clearTimeout(this.#timer);
    const stream = new EventSource(url("events"));
    this.#stream = stream;
    const heard = () => {
      clearTimeout(this.#watch);
      this.#watch = setTimeout(() => this.#failed(), SILENCE);
    };
    stream.onopen = () => {
      this.#wait = FIRST_WAIT;
      heard();
      this.tell("connected", true);
    };
    stream.onerror = () => this.#failed();
    stream.addEventListener("bye", () => lost.dispatchEvent(new Event("lost")));
    for (const kind of TELLS) {
      stream.addEventListener(kind, (event) => {
        heard();
        this.tell(kind, JSON.parse(event.data));
      });
    }
  }

  // Not left to the browser, which gives up for good on any answer but 200.
  #failed() {
    this.#close();
    if (!this.#wanted) return;
    this.tell("connected", false);
    this.#timer = setTimeout(() => this.#arrange(), this.#wait);
    this.#wait = Math.min(2 * this.#wait, LONGEST_WAIT);
  }
}

export const live = new Live();
