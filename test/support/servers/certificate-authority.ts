/**
 * A private certificate authority. It encodes its certificates itself, since Node only reads X.509, and a
 * committed certificate would expire.
 */
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'

export type TlsIdentity = Readonly<{ key: string; cert: string }>

export type CertificateAuthority = Readonly<{
  /** The authority's own certificate, as PEM. */
  cert: string
  /** A certificate for host names (a wildcard may stand first) and IPv4 addresses. */
  issue(hosts: readonly string[]): TlsIdentity
}>

const DAY_MS = 86_400_000

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2'
const COMMON_NAME = '2.5.4.3'
const KEY_USAGE = '2.5.29.15'
const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17'
const BASIC_CONSTRAINTS = '2.5.29.19'

export function createCertificateAuthority(name = 'Test authority'): CertificateAuthority {
  const own = newKeys()
  const certify = (subject: string, keys: Keys, extensions: Buffer): string => {
    const algorithm = sequence(objectId(ECDSA_WITH_SHA256))
    const now = Date.now()
    const body = sequence(
      der(0xa0, integer(Buffer.from([2]))),
      // A positive number.
      integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
      algorithm,
      distinguishedName(name),
      sequence(utcTime(now - DAY_MS), utcTime(now + DAY_MS)),
      distinguishedName(subject),
      keys.publicKey.export({ type: 'spki', format: 'der' }),
      der(0xa3, extensions),
    )
    const signature = sign('sha256', body, own.privateKey)
    const whole = sequence(body, algorithm, der(0x03, Buffer.from([0]), signature))
    const lines = whole.toString('base64').match(/.{1,64}/g) ?? []
    return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
  }
  return {
    cert: certify(
      name,
      own,
      sequence(
        // CA:TRUE
        extension(BASIC_CONSTRAINTS, sequence(der(0x01, Buffer.from([0xff])))),
        // keyCertSign and cRLSign
        extension(KEY_USAGE, der(0x03, Buffer.from([1, 0x06]))),
      ),
    ),
    issue: (hosts) => {
      const keys = newKeys()
      const names = extension(SUBJECT_ALTERNATIVE_NAME, sequence(...hosts.map(generalName)))
      return {
        key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        cert: certify(hosts[0] ?? 'server', keys, sequence(names)),
      }
    },
  }
}

type Keys = Readonly<{ publicKey: KeyObject; privateKey: KeyObject }>

const newKeys = (): Keys => generateKeyPairSync('ec', { namedCurve: 'P-256' })

function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents)
  const { length } = content
  const size =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

const sequence = (...contents: readonly Buffer[]): Buffer => der(0x30, ...contents)
const integer = (bytes: Buffer): Buffer => der(0x02, bytes)

function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const base128 = rest.flatMap((number) => {
    const digits = [number & 0x7f]
    for (let more = number >> 7; more > 0; more >>= 7) digits.unshift((more & 0x7f) | 0x80)
    return digits
  })
  return der(0x06, Buffer.from([first * 40 + second, ...base128]))
}

function distinguishedName(commonName: string): Buffer {
  const text = der(0x0c, Buffer.from(commonName, 'utf8'))
  return sequence(der(0x31, sequence(objectId(COMMON_NAME), text)))
}

/** `20261125164500Z` without its century. */
function utcTime(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/\D/g, '').slice(2, 14)
  return der(0x17, Buffer.from(`${digits}Z`, 'ascii'))
}

const extension = (id: string, value: Buffer): Buffer => sequence(objectId(id), der(0x04, value))

function generalName(host: string): Buffer {
  return /^[\d.]+$/.test(host)
    ? der(0x87, Buffer.from(host.split('.').map(Number)))
    : der(0x82, Buffer.from(host, 'ascii'))
}
