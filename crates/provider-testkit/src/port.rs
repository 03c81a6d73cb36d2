use std::net::SocketAddr;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

/// A port of this machine at which nobody takes connections.
///
/// # Panics
///
/// Where there is no free port.
pub async fn port_that_refuses() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    listener.local_addr().expect("its address")
}

/// A port of this machine at which every request is read and none answered: the connection is closed. It stays as long as the runtime.
///
/// # Panics
///
/// Where there is no free port.
pub async fn port_that_hangs_up() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 1 << 13]).await;
        }
    });
    address
}
