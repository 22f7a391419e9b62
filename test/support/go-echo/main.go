// Echoes what is posted, over TLS and HTTP/2: `main cert.pem key.pem`. Prints its port, and ends with its input.
package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
)

func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	w.Header().Set("X-Protocol", r.Proto)
	w.Header().Set("X-Echo", r.Header.Get("X-Echo"))
	w.Write(body)
}

func main() {
	pair, err := tls.LoadX509KeyPair(os.Args[1], os.Args[2])
	if err != nil {
		panic(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	server := &http.Server{
		Handler:   http.HandlerFunc(echo),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}},
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	go server.ServeTLS(listener, "", "")
	io.ReadAll(os.Stdin)
}
