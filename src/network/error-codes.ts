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
  return CONNECT_ERRORS.has(code) || isTlsErrorCode(code) || isNoTlsCode(code)
}

/** The code of an answer without TLS, which Node.js often reports as EPROTO with OpenSSL's text. */
export function refineTlsCode(code: string, message: string): string {
  return code === 'EPROTO' && /:(?:wrong version number|packet length too long):/.test(message)
    ? 'ERR_SSL_WRONG_VERSION_NUMBER'
    : code
}

/** Whether the other end has answered the TLS handshake with something else. */
export function isNoTlsCode(code: string): boolean {
  return /^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/.test(code)
}
