// Package envelope is the binary form of a cache entry: a header, tags and a
// body, which may be compressed and sealed.
//
// [Append] and [Parse] are the form alone. A [Packer] also compresses and seals
// bodies. Whatever was cut, changed, made by another program or by another
// version is told from an entry, and the error says which it was.
//
// # Layout
//
// All numbers are big-endian.
//
//	 0  2  0xF5 'h': the first never appears in UTF-8, so no text is an entry
//	 2  1  version, 1
//	 3  1  codec of the body
//	 4  1  flags: 1 compressed (zstd), 2 sealed, 4 negative, 8 error
//	 5  1  0
//	 6  2  number of tags n
//	 8  4  CRC-32C of all else
//	12  4  length of the body
//	16  8  created, in milliseconds since 1970 by the store's clock
//	24  8  soft expiry, likewise; 0 is never
//	32  8  hard expiry, likewise; 0 is never
//	40  8  time that the load took, in microseconds
//	48  8  generation of the tags when the load began
//	56     n tags of 16 bytes, then the body
//
// A sealed body is 4 bytes that name the key, a nonce of 12 bytes, the
// ciphertext of AES-GCM, and its tag of 16 bytes. The additional data are the
// length of the store's key in 4 bytes, that key, and the header with tags, in
// which checksum and length are 0.
package envelope
