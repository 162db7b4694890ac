import static java.nio.charset.StandardCharsets.UTF_8;

import com.couchbase.mock.Bucket;
import com.couchbase.mock.BucketConfiguration;
import com.couchbase.mock.CouchbaseMock;
import com.couchbase.mock.Info;
import com.couchbase.mock.deps.com.google.gson.JsonObject;
import com.couchbase.mock.deps.com.google.gson.JsonParser;
import com.couchbase.mock.memcached.MemcachedServer;
import com.couchbase.mock.memcached.VBucketInfo;
import com.couchbase.mock.memcached.VBucketStore;
import com.couchbase.mock.memcached.client.CommandBuilder;
import com.couchbase.mock.memcached.client.MemcachedClient;
import com.couchbase.mock.memcached.protocol.BinaryHelloCommand;
import com.couchbase.mock.memcached.protocol.CommandCode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.reflect.Field;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.channels.Channel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.locks.LockSupport;

/**
 * Starts CouchbaseMock's key-value nodes on a given address and given ports, so that a restart finds them again. The
 * mock's own command binds all addresses and picks its ports. Its REST port is left out, since the SDK takes its
 * configuration from the key-value nodes; the commands of the REST port are accepted on the port after those of the
 * nodes.
 *
 * Arguments: address, first port, number of nodes, bucket.
 */
class LoopbackMock {
  private static final int VBUCKETS = 32;
  private static final int REPLICAS = 1;
  private static final int WARM_UP_TURNS = 5;
  private static final String WRONG_PROOF = Base64.getEncoder().encodeToString(new byte[64]);
  private static final long SUSPENDED_AFTER_NS = 100_000;
  private static final long LOOKS_EVERY_NS = 2_000_000;
  /** Connections without Nagle's algorithm. */
  private static final Set<Channel> SEEN = Collections.newSetFromMap(new WeakHashMap<>());

  public static void main(String[] args) throws Exception {
    String address = args[0];
    int firstPort = Integer.parseInt(args[1]);
    int nodes = Integer.parseInt(args[2]);
    String bucket = args[3];

    warmUp(address);
    CouchbaseMock mock = start(address, firstPort, nodes, bucket);
    restoreMap(mock.getBuckets().get(bucket));
    continueCas(mock.getBuckets().get(bucket));
    sendAtOnce(mock.getBuckets().get(bucket));

    new Operator(mock, bucket).listen(address, firstPort + nodes);
    System.out.println("listening");
    Thread.currentThread().join();
  }

  /** Its nodes listen when this returns. */
  private static CouchbaseMock start(String address, int firstPort, int nodes, String bucket) throws Exception {
    CouchbaseMock mock = new CouchbaseMock(address, 0, nodes, firstPort, VBUCKETS, bucket + "::couchbase", REPLICAS);
    BucketConfiguration configuration = new BucketConfiguration(mock.getDefaultConfig());
    configuration.name = bucket;
    configuration.password = "";
    configuration.type = Bucket.BucketType.COUCHBASE;
    configuration.bucketStartPort = firstPort;
    mock.createBucket(configuration);
    for (MemcachedServer node : mock.getBuckets().get(bucket).getServers()) node.setCccpEnabled(true);
    return mock;
  }

  /**
   * Connects to another mock on a port of its own choice, as the SDK does, so that the real one answers promptly as soon
   * as its ports are open. Otherwise its first clients wait for some 80 ms until Java has loaded the classes that a login
   * needs, while a real server has no such time.
   */
  private static void warmUp(String address) throws Exception {
    CouchbaseMock mock = start(address, 0, 1, "warm");
    MemcachedServer node = mock.getBuckets().get("warm").getServers()[0];
    for (int turn = 0; turn < WARM_UP_TURNS; turn++) {
      MemcachedClient client = new MemcachedClient(new Socket(address, node.getPort()));
      client.sendRequest(CommandBuilder.buildHello("{}", BinaryHelloCommand.Feature.XERROR));
      client.sendRequest(new CommandBuilder(CommandCode.SASL_LIST_MECHS));
      String challenge = client.sendRequest(login(CommandCode.SASL_AUTH, "n,,n=default,r=nonce")).getValue();
      // The proof is wrong, but has to be looked at.
      client.sendRequest(login(CommandCode.SASL_STEP, "c=biws," + challenge.split(",")[0] + ",p=" + WRONG_PROOF));
      client.sendRequest(CommandBuilder.buildPlainAuth("warm", ""));
      client.sendRequest(new CommandBuilder(CommandCode.GET_CLUSTER_CONFIG));
      client.sendRequest(CommandBuilder.buildStore("key", (short) 0, "value"));
      client.sendRequest(new CommandBuilder(CommandCode.GET).key("key", (short) 0));
      client.close();
    }
    mock.removeBucket("warm");
  }

  private static CommandBuilder login(CommandCode step, String message) {
    return new CommandBuilder(step).key("SCRAM-SHA512", (short) 0).value(message);
  }

  /**
   * Accepts the mock's own commands as its REST port does, each a line of JSON on a connection: hiccup, truncate,
   * failover, respawn. After the latter two the mock deals out all vbuckets anew, regardless of which node has their
   * documents. A real cluster makes the replica active, and copies to a node that is back before it gives it any
   * vbuckets.
   */
  private static class Operator {
    private final CouchbaseMock mock;
    private final Bucket bucket;
    private final MemcachedServer[] nodes;

    Operator(CouchbaseMock mock, String bucket) {
      this.mock = mock;
      this.bucket = mock.getBuckets().get(bucket);
      this.nodes = this.bucket.getServers();
    }

    void listen(String address, int port) throws IOException {
      ServerSocket listener = new ServerSocket(port, 8, InetAddress.getByName(address));
      Thread thread = new Thread(() -> {
        while (true) {
          try (Socket socket = listener.accept()) {
            BufferedReader lines = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8));
            socket.getOutputStream().write((execute(lines.readLine()) + "\n").getBytes(UTF_8));
          } catch (IOException | ReflectiveOperationException error) {
            error.printStackTrace();
          }
        }
      });
      thread.setDaemon(true);
      thread.start();
    }

    private String execute(String line) throws ReflectiveOperationException {
      JsonObject command = new JsonParser().parse(line).getAsJsonObject();
      String name = command.get("command").getAsString();
      if (!name.equals("failover") && !name.equals("respawn")) return mock.getDispatcher().processInput(line);
      MemcachedServer node = nodes[command.get("payload").getAsJsonObject().get("idx").getAsInt()];
      MemcachedServer other = nodes[node == nodes[0] ? 1 : 0];
      if (name.equals("failover")) failOver(node, other);
      else respawn(node, other);
      return "{\"status\":\"ok\"}";
    }

    private void failOver(MemcachedServer node, MemcachedServer other) throws ReflectiveOperationException {
      suspend(node);
      suspend(other);
      continueCas(bucket);
      for (VBucketInfo vbucket : bucket.getVBucketInfo()) {
        vbucket.setOwner(other);
        vbucket.setReplicas(List.of());
      }
      Info.incrementConfigRevision();
      other.startup();
    }

    private void respawn(MemcachedServer node, MemcachedServer other) throws ReflectiveOperationException {
      suspend(other);
      VBucketStore documents = node.getStorage().getCache((short) 0);
      documents.getMap().clear();
      documents.getMap().putAll(other.getStorage().getCache((short) 0).getMap());
      continueCas(bucket);
      restoreMap(bucket);
      Info.incrementConfigRevision();
      node.startup();
      other.startup();
    }

    /**
     * Until it is started up again it executes nothing, and what it has executed is at its replica. Otherwise a delete
     * might come between a copy and the new map, be answered, and yet be undone.
     */
    private static void suspend(MemcachedServer node) {
      node.shutdown();
      while (!isWaiting(node)) LockSupport.parkNanos(SUSPENDED_AFTER_NS);
    }

    /** It looks for its state whenever it stops waiting for requests. */
    private static boolean isWaiting(MemcachedServer node) {
      for (StackTraceElement frame : node.getStackTrace()) if (frame.getMethodName().equals("select")) return true;
      return false;
    }
  }

  /** The mock deals out its vbuckets anew at each start. A real server has the same ones after a restart. */
  private static void restoreMap(Bucket bucket) {
    MemcachedServer[] nodes = bucket.getServers();
    VBucketInfo[] map = bucket.getVBucketInfo();
    for (int index = 0; index < map.length; index++) {
      map[index].setOwner(nodes[index % nodes.length]);
      map[index].setReplicas(List.of(nodes[(index + 1) % nodes.length]));
    }
  }

  /**
   * The mock holds an answer back until the previous one is acknowledged, usually 40 ms (Nagle's algorithm). A real
   * server sends it at once.
   */
  private static void sendAtOnce(Bucket bucket) throws ReflectiveOperationException {
    Field field = MemcachedServer.class.getDeclaredField("selector");
    field.setAccessible(true);
    List<Selector> selectors = new ArrayList<>();
    for (MemcachedServer node : bucket.getServers()) selectors.add((Selector) field.get(node));
    Thread watcher = new Thread(() -> {
      while (true) {
        for (Selector selector : selectors) selector.keys().forEach(LoopbackMock::setNoDelay);
        LockSupport.parkNanos(LOOKS_EVERY_NS);
      }
    });
    watcher.setDaemon(true);
    watcher.start();
  }

  private static void setNoDelay(SelectionKey key) {
    if (!(key.channel() instanceof SocketChannel) || !SEEN.add(key.channel())) return;
    try {
      ((SocketChannel) key.channel()).setOption(StandardSocketOptions.TCP_NODELAY, true);
    } catch (IOException closed) {
      // The connection is gone.
    }
  }

  /**
   * The mock counts CAS from 1 at each start. A real server's CAS is a hybrid logical clock, which goes on after a
   * restart.
   */
  private static void continueCas(Bucket bucket) throws ReflectiveOperationException {
    Field counter = VBucketStore.class.getDeclaredField("casCounter");
    counter.setAccessible(true);
    MemcachedServer[] nodes = bucket.getServers();
    for (int index = 0; index < nodes.length; index++) {
      counter.setLong(nodes[index].getStorage().getCache((short) index), System.currentTimeMillis() << 20);
    }
  }
}
