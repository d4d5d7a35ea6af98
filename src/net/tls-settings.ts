// What both engines' TLS agrees on.

/**
 * For TLS 1.2: "intermediate" of Mozilla's recommendations, version 5.7 (ssl-config.mozilla.org); 1.3 has only good
 * ones. The client chooses, as recommended: phones without AES instructions are faster with ChaCha20.
 */
export const TLS12_CIPHERS = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

/** What is negotiated (RFC 7301); HTTP/2 is not spoken. */
export const ALPN_PROTOCOL = 'http/1.1'

/** Random bytes from which session tickets are sealed: 16 of a name, 32 of an HMAC key, 32 of an AES key. */
export const TICKET_KEY_BYTES = 80
