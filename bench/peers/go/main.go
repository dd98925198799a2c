// SPDX-License-Identifier: MIT

// go: zishang520/socket.io, doing what apps/app.lua does.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/zishang520/socket.io/servers/socket/v3"
)

func onConnection(io *socket.Server, client *socket.Socket) {
	room := socket.Room("room")
	client.Join(room)
	client.On("echo", func(args ...any) {
		ack := args[len(args)-1].(socket.Ack)
		ack([]any{args[0]}, nil)
	})
	client.On("say", func(args ...any) {
		io.To("room").Emit("said", args[0])
	})
	client.On("shout", func(args ...any) {
		io.To(socket.Room(args[0].(string))).Emit("said", args[1])
	})
	client.On("join", func(args ...any) {
		client.Leave(room)
		room = socket.Room(args[0].(string))
		client.Join(room)
		ack := args[len(args)-1].(socket.Ack)
		ack(nil, nil)
	})
}

func main() {
	io := socket.NewServer(nil, nil)
	io.On("connection", func(clients ...any) {
		onConnection(io, clients[0].(*socket.Socket))
	})
	http.Handle("/socket.io/", io.ServeHandler(nil))
	listener, err := net.Listen("tcp", ":0")
	if err != nil {
		panic(err)
	}
	fmt.Fprintf(os.Stderr, "http://localhost:%d\n", listener.Addr().(*net.TCPAddr).Port)
	folder := os.Getenv("BENCH_TLS")
	if folder != "" {
		panic(http.ServeTLS(listener, nil, folder+"/cert.pem", folder+"/key.pem"))
	}
	panic(http.Serve(listener, nil))
}
