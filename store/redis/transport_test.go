package redis_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/store/redis"
)

// works sees that a store reads, writes and watches.
func works(t *testing.T, url string, c redis.Config) {
	t.Helper()
	s := ready(t, url, c)
	r, _ := watch(t, s, "n")
	set(t, s, "n:k", "v")
	wantValue(t, s, "n:k", "v")
	testserver.Eventually(t, "the key is told", func() bool { return r.count("key n:k") > 0 })
}

func TestUnixSocket(t *testing.T) {
	dir, err := os.MkdirTemp("", "hone") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "s")
	node(t, "--unixsocket", path)
	works(t, "unix://"+path+"?db=3", redis.Config{})
}

func TestPassword(t *testing.T) {
	n := node(t, "--requirepass", "right")
	works(t, "redis://:right@"+n.Address(), redis.Config{})
	works(t, "redis://default:right@"+n.Address()+"/2", redis.Config{})
	for _, user := range []string{"", ":wrong-secret@"} {
		s := open(t, "redis://"+user+n.Address(), redis.Config{})
		_, err := s.Get(t.Context(), "k")
		wantUnavailable(t, "Get without the password", err)
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("Get = %v, which has the password", err)
		}
	}
}

func TestTLS(t *testing.T) {
	dir := t.TempDir()
	roots := certificate(t, dir)
	// The port without TLS is what the test server waits for.
	tlsPort := freePort(t)
	node(t, "--tls-port", tlsPort, "--tls-auth-clients", "no",
		"--tls-cert-file", filepath.Join(dir, "cert.pem"), "--tls-key-file", filepath.Join(dir, "key.pem"),
		"--tls-ca-cert-file", filepath.Join(dir, "cert.pem"))
	works(t, "rediss://127.0.0.1:"+tlsPort, redis.Config{TLS: &tls.Config{RootCAs: roots}})

	s := open(t, "rediss://127.0.0.1:"+tlsPort, redis.Config{})
	testserver.Eventually(t, "the certificate is refused", func() bool {
		_, err := s.Get(t.Context(), "k")
		return err != nil && strings.Contains(err.Error(), "certificate")
	})
}

// certificate writes a self-signed one for 127.0.0.1 with its key, and returns
// who trusts it.
func certificate(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "hone test"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:         true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"cert.pem": {Type: "CERTIFICATE", Bytes: der},
		"key.pem":  {Type: "PRIVATE KEY", Bytes: keyDER},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return pool
}

// freePort returns a port that was free a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String()) // it is an address
	return port
}
