// SPDX-License-Identifier: MIT
//! socketioxide, doing what apps/app.lua does.
use std::sync::{Arc, Mutex};

use serde_json::Value;
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, SocketRef};

async fn on_connect(socket: SocketRef, io: SocketIo) {
    socket.join("room");
    let room = Arc::new(Mutex::new(String::from("room")));
    socket.on("echo", async |Data::<Value>(value), ack: AckSender| {
        ack.send(&value).ok();
    });
    let all = io.clone();
    socket.on("say", async move |Data::<Value>(value)| {
        all.to("room").emit("said", &value).await.ok();
    });
    let some = io.clone();
    socket.on("shout", async move |Data::<(String, Value)>((name, value))| {
        some.to(name).emit("said", &value).await.ok();
    });
    socket.on("join", async move |socket: SocketRef, Data::<String>(name), ack: AckSender| {
        let left = std::mem::replace(&mut *room.lock().unwrap(), name.clone());
        socket.leave(left);
        socket.join(name);
        ack.send(&Value::Null).ok();
    });
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (layer, io) = SocketIo::new_layer();
    io.ns("/", on_connect);
    let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await?;
    eprintln!("http://localhost:{}", listener.local_addr()?.port());
    axum::serve(listener, axum::Router::new().layer(layer)).await?;
    Ok(())
}
