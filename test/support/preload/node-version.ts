/** A module to preload that makes Node.js report the version in FAKE_NODE_VERSION. */
const versions = { ...process.versions, node: process.env['FAKE_NODE_VERSION'] ?? '' }
Object.defineProperty(process, 'versions', { value: versions })
