//! An SSH server inside the test, which sees the scripts as kfleet sent them and can end a connection at an exact byte of what
//! it gives back: encrypted, nobody on the way could.

use russh::keys::{PrivateKey, load_secret_key};
use russh::server::{Auth, ChannelOpenHandle, Config, Handler, Msg, Session, VerifiedPublicKey, run_stream};
use russh::{Channel, ChannelId, ChannelMsg, ChannelReadHalf, ChannelWriteHalf, MethodKind, MethodSet};
use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// Who answers at an address.
pub(crate) trait Host: Send + Sync + 'static {
    /// Somebody connected. Where it does not greet, the connection is held and nothing is ever said.
    fn greets(&self) -> bool {
        true
    }

    /// Whether the key is good.
    fn lets_in(&self) -> bool {
        true
    }

    /// Somebody logged in.
    fn logged_in(&self) {}

    /// Runs a command to its end.
    fn run(self: Arc<Self>, exec: Exec) -> impl Future<Output = ()> + Send;
}

/// Server settings with this host key.
pub(crate) fn config(host_key: &Path) -> Arc<Config> {
    let key: PrivateKey = load_secret_key(host_key, None).expect("ssh-keygen made it");
    Arc::new(Config {
        keys: vec![key],
        methods: MethodSet::from(&[MethodKind::PublicKey][..]),
        auth_rejection_time: Duration::ZERO,
        inactivity_timeout: None,
        nodelay: true,
        ..Config::default()
    })
}

/// Serves until the listener's runtime ends; `find` says who lives at the address that was called.
pub(crate) async fn serve<H: Host>(
    listener: TcpListener,
    config: Arc<Config>,
    find: impl Fn(SocketAddr) -> Option<Arc<H>>,
) {
    loop {
        let Ok((mut stream, _)) = listener.accept().await else { continue };
        let Some(host) = stream.local_addr().ok().and_then(&find) else { continue };
        let config = Arc::clone(&config);
        tokio::spawn(async move {
            if !host.greets() {
                while matches!(stream.read(&mut [0; 1024]).await, Ok(1..)) {}
                return;
            }
            let line = Line::default();
            let gate = Gate { host, line: line.clone(), channels: HashMap::new() };
            if let Ok(session) = run_stream(config, Wire::new(stream, line), gate).await {
                let _ = session.await; // however the client ended it
            }
        });
    }
}

/// One command of a client.
pub(crate) struct Exec {
    #[allow(dead_code, reason = "simulated nodes know what they are asked by the script")]
    pub(crate) command: String,
    read: ChannelReadHalf,
    write: ChannelWriteHalf<Msg>,
    line: Line,
}

impl Exec {
    /// All of standard input; nothing where the client goes away before its end.
    pub(crate) async fn script(&mut self) -> Option<String> {
        let mut all = Vec::new();
        loop {
            match self.read.wait().await? {
                ChannelMsg::Data { data } => all.extend_from_slice(&data),
                ChannelMsg::Eof => return Some(String::from_utf8(all).expect("a script is text")),
                ChannelMsg::Close => return None,
                _ => {}
            }
        }
    }

    /// Gives output; it has left this machine when this returns. False where nobody is there any more.
    pub(crate) async fn say(&mut self, bytes: &[u8]) -> bool {
        // What SSH adds to each packet is more than any of its other messages has, so what was written is ours.
        const PACKET: u64 = 4 + 1 + 9 + 4 + 16;
        if bytes.is_empty() {
            return true;
        }
        let before = self.line.0.written.load(Ordering::SeqCst);
        if self.write.data_bytes(bytes.to_vec()).await.is_err() {
            return false;
        }
        while self.line.0.written.load(Ordering::SeqCst) < before + bytes.len() as u64 + PACKET {
            if self.line.is_over() {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        true
    }

    /// The command ended.
    pub(crate) async fn end(self, status: u32) {
        let _ = self.write.exit_status(status).await;
        let _ = self.write.eof().await;
        let _ = self.write.close().await;
    }

    /// The connection under it.
    pub(crate) fn line(&self) -> Line {
        self.line.clone()
    }

    /// Resolves when the client closes the channel or is gone.
    pub(crate) async fn abandoned(&mut self) {
        while !matches!(self.read.wait().await, Some(ChannelMsg::Close) | None) {}
    }
}

/// One TCP connection, for those who want to harm it.
#[derive(Clone, Default)]
pub(crate) struct Line(Arc<State>);

#[derive(Default)]
struct State {
    written: AtomicU64,
    over: AtomicBool,
    stuck: AtomicBool,
    cut: CancellationToken,
}

impl Line {
    /// Ends it: what was written still arrives.
    pub(crate) fn cut(&self) {
        self.0.cut.cancel();
    }

    /// From now on nothing passes, either way, and nobody is told.
    pub(crate) fn stick(&self) {
        self.0.stuck.store(true, Ordering::SeqCst);
    }

    fn is_over(&self) -> bool {
        self.0.over.load(Ordering::SeqCst)
    }
}

struct Wire {
    stream: TcpStream,
    line: Line,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Wire {
    fn new(stream: TcpStream, line: Line) -> Self {
        let cut = Box::pin(line.0.cut.clone().cancelled_owned());
        Self { stream, line, cut }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.line.0.over.store(true, Ordering::SeqCst);
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if self.cut.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Ok(())); // as if the client had hung up
        }
        if self.line.0.stuck.load(Ordering::SeqCst) {
            return Poll::Pending;
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        if self.line.0.stuck.load(Ordering::SeqCst) {
            return Poll::Pending;
        }
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(count)) = written {
            self.line.0.written.fetch_add(count as u64, Ordering::SeqCst);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

struct Gate<H> {
    host: Arc<H>,
    line: Line,
    channels: HashMap<ChannelId, Channel<Msg>>,
}

impl<H: Host> Handler for Gate<H> {
    type Error = russh::Error;

    async fn auth_publickey(&mut self, _: &str, _: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        Ok(if self.host.lets_in() { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_succeeded(&mut self, _: &mut Session) -> Result<(), Self::Error> {
        self.host.logged_in();
        Ok(())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.channels.insert(channel.id(), channel);
        reply.accept().await;
        Ok(())
    }

    async fn exec_request(&mut self, id: ChannelId, command: &[u8], session: &mut Session) -> Result<(), Self::Error> {
        let Some(channel) = self.channels.remove(&id) else { return session.channel_failure(id) };
        session.channel_success(id)?;
        let (read, write) = channel.split();
        let command = String::from_utf8_lossy(command).into_owned();
        let exec = Exec { command, read, write, line: self.line.clone() };
        tokio::spawn(Arc::clone(&self.host).run(exec));
        Ok(())
    }
}
