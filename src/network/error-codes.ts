/** The codes that Node.js gives to errors of connections. */

/** The codes of Node.js and OpenSSL for a certificate that is not trusted. */
const TLS_ERROR =
  /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_CERT|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH_EXCEEDED|INVALID_PURPOSE)/

const CONNECT_ERRORS = new Set([
  'ENOTFOUND',
  'ECONNREFUSED',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'ERR_PROXY_TUNNEL',
])

export function isTlsErrorCode(code: string): boolean {
  return TLS_ERROR.test(code)
}

/**
 * Whether an error with this code usually means that no connection was established. An established one can
 * break with some of these codes too.
 */
export function isConnectErrorCode(code: string): boolean {
  return CONNECT_ERRORS.has(code) || isTlsErrorCode(code)
}
