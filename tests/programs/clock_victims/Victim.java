import java.time.Instant;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Timer;
import java.util.TimerTask;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Reads the clocks by every route that Java has ("read": NAME VALUE MONOTONIC), or sleeps 200 ms by every route ("sleep":
 * NAME NANOSECONDS).
 */
public class Victim {
  private interface Sleep {
    void sleep() throws Exception;
  }

  private static final long SPAN = 200;

  private static long nanoseconds(Instant now) {
    return now.getEpochSecond() * 1000000000L + now.getNano();
  }

  private static Map<String, LongSupplier> readings() {
    Map<String, LongSupplier> all = new LinkedHashMap<>();
    all.put("currentTimeMillis", () -> System.currentTimeMillis() * 1000000L);
    all.put("Instant.now", () -> nanoseconds(Instant.now()));
    all.put("new-Date", () -> new Date().getTime() * 1000000L);
    return all;
  }

  private static void timer() throws Exception {
    CountDownLatch over = new CountDownLatch(1);
    Timer timer = new Timer(true);
    timer.schedule(
        new TimerTask() {
          @Override
          public void run() {
            over.countDown();
          }
        },
        SPAN);
    over.await();
  }

  private static void condition(boolean untilDate) throws Exception {
    ReentrantLock lock = new ReentrantLock();
    Condition never = lock.newCondition();
    lock.lock();
    if (untilDate) never.awaitUntil(new Date(System.currentTimeMillis() + SPAN));
    else never.awaitNanos(SPAN * 1000000L);
    lock.unlock();
  }

  private static void parkUntil() {
    long due = System.currentTimeMillis() + SPAN;
    while (System.currentTimeMillis() < due) LockSupport.parkUntil(due);
  }

  private static void monitor() throws Exception {
    Object lock = new Object();
    synchronized (lock) {
      lock.wait(SPAN);
    }
  }

  private static Map<String, Sleep> sleeps() {
    Map<String, Sleep> all = new LinkedHashMap<>();
    all.put("Thread.sleep", () -> Thread.sleep(SPAN));
    all.put("Object.wait", Victim::monitor);
    all.put("parkNanos", () -> LockSupport.parkNanos(SPAN * 1000000L));
    all.put("parkUntil", Victim::parkUntil);
    all.put("awaitNanos", () -> condition(false));
    all.put("awaitUntil", () -> condition(true));
    all.put("Timer", Victim::timer);
    all.put(
        "ScheduledExecutor",
        () -> Executors.newSingleThreadScheduledExecutor().schedule(() -> {}, SPAN, TimeUnit.MILLISECONDS).get());
    return all;
  }

  public static void main(String[] arguments) throws Exception {
    if (arguments[0].equals("read")) {
      for (Map.Entry<String, LongSupplier> each : readings().entrySet()) {
        long steady = System.nanoTime();
        System.out.println(each.getKey() + " " + each.getValue().getAsLong() + " " + steady);
      }
    } else {
      for (Map.Entry<String, Sleep> each : sleeps().entrySet()) {
        long start = System.nanoTime();
        each.getValue().sleep();
        System.out.println(each.getKey() + " " + (System.nanoTime() - start));
      }
    }
    System.exit(0);
  }
}
