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

/** Whether the certificate is valid at another time than that of the clock. */
export function isClockTlsCode(code: string): boolean {
  return code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID'
}

/** Whether the other end speaks no TLS. */
export function isNoTlsCode(code: string): boolean {
  return code === 'EPROTO' || code.startsWith('ERR_SSL_')
}

/** Whether the other end speaks no TLS or no HTTP; the codes of the HTTP parser are HPE_*. */
export function isNoHttpCode(code: string): boolean {
  return isNoTlsCode(code) || code.startsWith('HPE_')
}
