import com.couchbase.mock.Bucket;
import com.couchbase.mock.BucketConfiguration;
import com.couchbase.mock.CouchbaseMock;
import com.couchbase.mock.memcached.MemcachedServer;

/**
 * Starts CouchbaseMock's key-value nodes on one address and on ports that are given, so that a restart finds them
 * again. The mock's own command binds all addresses and picks its ports; its REST port is left out here, since the
 * SDK takes its configuration from the key-value nodes.
 *
 * Arguments: address, first port, number of nodes, bucket.
 */
class LoopbackMock {
  private static final int VBUCKETS = 32;
  private static final int REPLICAS = 1;

  public static void main(String[] args) throws Exception {
    String address = args[0];
    int firstPort = Integer.parseInt(args[1]);
    int nodes = Integer.parseInt(args[2]);
    String bucket = args[3];

    CouchbaseMock mock = new CouchbaseMock(address, 0, nodes, firstPort, VBUCKETS, bucket + "::couchbase", REPLICAS);
    BucketConfiguration configuration = new BucketConfiguration(mock.getDefaultConfig());
    configuration.name = bucket;
    configuration.password = "";
    configuration.type = Bucket.BucketType.COUCHBASE;
    configuration.bucketStartPort = firstPort;
    mock.createBucket(configuration);
    for (MemcachedServer node : mock.getBuckets().get(bucket).getServers()) node.setCccpEnabled(true);

    System.out.println("listening");
    Thread.currentThread().join();
  }
}
