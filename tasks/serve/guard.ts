// Who may call: host names, origins, the key. Headers that keep a browser from doing more than the page needs.
import { timingSafeEqual } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import { ApiError } from "./api_error.ts";
import type { AccessRules } from "./context.ts";

/** Everything comes from this server; no frames, no inline code. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Sets the headers that every response has. */
export function secureHeaders(): MiddlewareHandler {
  return async (c, next) => {
    await next();
    c.header("Content-Security-Policy", CONTENT_SECURITY_POLICY);
    c.header("X-Content-Type-Options", "nosniff");
    c.header("X-Frame-Options", "DENY");
    c.header("Referrer-Policy", "no-referrer");
    c.header("Cross-Origin-Opener-Policy", "same-origin");
  };
}

/**
 * Refuses a Host header that is none of this server's names: a page that lets its own name point to 127.0.0.1 would else
 * count as this server's page.
 */
export function checkHost({ hosts }: AccessRules): MiddlewareHandler {
  return async (c, next) => {
    const name = hostOf(c).replace(/:\d+$/, "").toLowerCase();
    if (hosts !== undefined && !hosts.includes(name)) {
      const refusal = name === "" ? "a request must name this server" : `this server is not ${name}`;
      throw new ApiError(421, `${refusal}; call it ${hosts.join(" or ")}, or start it with --allow-host NAME`);
    }
    await next();
  };
}

/** Lets pages of other origins call only where that is allowed, and answers what browsers ask before a call. */
export function checkOrigin({ allowOrigins }: AccessRules): MiddlewareHandler {
  return async (c, next) => {
    const origin = c.req.header("origin");
    if (origin === undefined || isOwn(origin, hostOf(c))) return await next();
    if (!allowOrigins.includes("*") && !allowOrigins.includes(origin)) {
      throw new ApiError(403, `pages of ${origin} may not call; --allow-origin allows it`, {
        code: "origin_not_allowed",
      });
    }
    if (c.req.method === "OPTIONS" && c.req.header("access-control-request-method") !== undefined) {
      return new Response(null, { status: 204, headers: preflightHeaders(c, origin) });
    }
    await next();
    c.header("Access-Control-Allow-Origin", origin);
    c.header("Access-Control-Expose-Headers", "Retry-After");
    c.header("Vary", "Origin", { append: true });
    return undefined;
  };
}

function preflightHeaders(c: Context, origin: string): Headers {
  const headers = new Headers({
    "Access-Control-Allow-Origin": origin,
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Max-Age": "600",
    "Vary": "Origin",
  });
  const wanted = c.req.header("access-control-request-headers");
  if (wanted !== undefined) headers.set("Access-Control-Allow-Headers", wanted);
  if (c.req.header("access-control-request-private-network") === "true") {
    headers.set("Access-Control-Allow-Private-Network", "true");
  }
  return headers;
}

/** Wants the key where there is one. */
export function checkKey({ apiKey }: AccessRules): MiddlewareHandler {
  return async (c, next) => {
    if (apiKey !== undefined) {
      const given = /^Bearer +(.+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
      if (given === undefined) {
        throw new ApiError(401, "this server wants its key: Authorization: Bearer KEY", { code: "missing_api_key" });
      }
      if (!(await areEqual(given.trim(), apiKey))) {
        throw new ApiError(401, "the API key is not this server's", { code: "invalid_api_key" });
      }
    }
    await next();
  };
}

/** Compares digests, so that the time tells nothing of how much is right, nor of the length. */
async function areEqual(given: string, wanted: string): Promise<boolean> {
  const digest = (text: string) => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const [a, b] = await Promise.all([digest(given), digest(wanted)]);
  return timingSafeEqual(new Uint8Array(a), new Uint8Array(b));
}

/** The name and port that the client called. HTTP/2 has them in the address only. */
function hostOf(c: Context): string {
  return c.req.header("host") ?? new URL(c.req.url).host;
}

function isOwn(origin: string, host: string): boolean {
  return URL.parse(origin)?.host === host.toLowerCase();
}
